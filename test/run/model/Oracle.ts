/**
 * What runs of one workflow must come to, told in the plainest way: a table of counts that every word of an operator changes, or
 * does not. It shares nothing with the engine, neither its fold nor its decisions.
 *
 * The workflow: `implement` (an agent, idempotent), `review` (a gate), `deploy` (an agent, with side effects). Each may be sent
 * back once without a person's word.
 */
export const phases = ["implement", "review", "deploy"] as const
export type PhaseName = (typeof phases)[number]
export const REWORKS = 1

export type Status =
  | "running"
  | "waiting"
  | "paused"
  | "blocked"
  | "escalated"
  | "failed"
  | "completed"
  | "cancelled"

export type Verdict = "advance" | "rework" | "fail" | "skip"

const isPhase = (name: string): name is PhaseName => phases.some((phase) => phase === name)
const place = (phase: PhaseName) => phases.indexOf(phase)

/** Where it stands: an attempt begun, one concluded that a paused run has not followed up yet, a gate. */
type Place = "begun" | "concluded" | "gate"

export class OracleRun {
  status: Status = "running"
  phase: PhaseName
  at: Place = "begun"
  /** The agent of the attempt was launched by the daemon that lives. */
  live = false
  questions = 0
  launches = 0
  verdict: Verdict | undefined
  readonly attempts = { implement: 0, review: 0, deploy: 0 }
  readonly reworks = { implement: 0, review: 0, deploy: 0 }

  constructor(phase: PhaseName) {
    this.phase = phase
    this.enter(phase)
  }

  get ended(): boolean {
    return this.status === "completed" || this.status === "failed" || this.status === "cancelled"
  }

  private enter(phase: PhaseName): void {
    this.phase = phase
    this.attempts[phase]++
    this.live = false
    this.questions = 0
    this.verdict = undefined
    this.at = phase === "review" ? "gate" : "begun"
    this.status = phase === "review" ? "waiting" : "running"
    if (phase !== "review") this.launch()
  }

  private launch(): void {
    this.live = true
    this.launches++
  }

  private get wantsAPerson(): boolean {
    return this.verdict === "fail" || (this.verdict === "rework" && this.reworks[this.phase] >= REWORKS)
  }

  private end(status: "completed" | "failed" | "cancelled"): void {
    this.status = status
    this.live = false
    this.questions = 0
  }

  /** What follows an attempt that has concluded. */
  private follow(): void {
    const { phase, verdict } = this
    if (this.wantsAPerson) this.status = "escalated"
    else if (verdict === "skip") this.end("cancelled")
    else if (verdict === "rework") {
      this.reworks[phase]++
      this.enter(phase)
    } else {
      const next = phases[place(phase) + 1]
      if (next === undefined) this.end("completed")
      else this.enter(next)
    }
  }

  /** A person sends it there, as often as it takes. */
  private send(phase: PhaseName): void {
    this.reworks[phase] = 0
    this.enter(phase)
  }

  /** The daemon that lives finds an attempt of one that is gone. */
  private recover(): void {
    this.questions = 0
    if (this.phase === "deploy") this.status = "blocked"
    else this.enter(this.phase)
  }

  answers(verdict: Verdict): boolean {
    if (!this.live) return false
    this.live = false
    this.questions = 0
    this.at = "concluded"
    this.verdict = verdict
    if (this.status !== "paused") {
      this.status = "running"
      this.follow()
    }
    return true
  }

  asks(): boolean {
    if (!this.live) return false
    this.questions++
    if (this.status === "running") this.status = "waiting"
    return true
  }

  answered(): boolean {
    if (!this.live || this.questions === 0) return false
    this.questions--
    if (this.questions === 0 && this.status === "waiting") this.status = "running"
    return true
  }

  pause(): boolean {
    if (this.status !== "running") return false
    this.status = "paused"
    return true
  }

  resume(force: boolean): boolean {
    if (this.status === "blocked") {
      if (force) this.enter(this.phase)
      return force
    }
    if (this.status === "escalated") {
      this.send(this.phase)
      return true
    }
    if (this.status !== "paused") return false
    this.status = this.questions > 0 ? "waiting" : "running"
    if (this.at === "concluded") this.follow()
    else if (!this.live) this.recover()
    return true
  }

  cancel(): boolean {
    if (this.status === "cancelled") return true
    if (this.ended) return false
    this.end("cancelled")
    return true
  }

  approve(phase: string): boolean {
    if (this.at !== "gate" || this.status !== "waiting" || phase !== "review") return false
    this.verdict = "advance"
    this.at = "concluded"
    this.follow()
    return true
  }

  reject(phase: string, to: string | undefined): boolean {
    if (this.at !== "gate" || this.status !== "waiting" || phase !== "review") return false
    if (to === undefined) {
      this.end("failed")
      return true
    }
    if (!isPhase(to) || place(to) > place("review")) return false
    this.send(to)
    return true
  }

  retry(from: string | undefined): boolean {
    if (this.status !== "failed" && this.status !== "escalated" && this.status !== "blocked") return false
    const to = from ?? this.phase
    if (!isPhase(to)) return false
    this.send(to)
    return true
  }

  /** The daemon is killed and another one starts. */
  restarted(): void {
    const held = this.status === "paused" || this.status === "blocked" || this.status === "escalated" || this.ended
    const inFlight = this.at === "begun" && (this.status === "running" || this.status === "waiting")
    this.live = false
    this.questions = 0
    if (!held && inFlight) this.recover()
  }
}

export class Oracle {
  readonly runs = new Map<string, OracleRun>()

  start(run: string): boolean {
    if (!this.runs.has(run)) this.runs.set(run, new OracleRun("implement"))
    return true
  }

  fork(run: string, of: string, from: string | undefined): boolean {
    if (!this.runs.has(of) || (from !== undefined && !isPhase(from))) return false
    this.runs.set(run, new OracleRun(from ?? "implement"))
    return true
  }

  remove(run: string): boolean {
    if (this.runs.get(run)?.ended !== true) return false
    this.runs.delete(run)
    return true
  }

  restart(): void {
    for (const run of this.runs.values()) run.restarted()
  }
}
