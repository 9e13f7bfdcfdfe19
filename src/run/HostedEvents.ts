/**
 * What a runner says of a workflow that it executes as a whole, as events of the run's journal. It may say everything twice,
 * on its way and in its answer: each fact becomes one event. Pure, but for what it remembers.
 */
import { Schema } from "effect"
import { isJsonObject, type Json, type JsonObject } from "../../schemas/Json.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { type PhaseDecision, Verdict } from "../../schemas/Workflow.ts"
import type { WorkflowExecuted } from "../../schemas/WorkflowRunner.ts"
import type { PluginNotification } from "../plugin/PluginHost.ts"

interface Told {
  readonly kind: "started" | "decision" | "completed" | "failed"
  readonly phase: string
  readonly attempt?: number | undefined
  readonly status?: string | undefined
  readonly verdict?: string | undefined
  readonly confidence?: number | undefined
  readonly error?: string | undefined
  readonly output?: string | undefined
  readonly millis?: number | undefined
}

const textIn = (fields: JsonObject, key: string) => typeof fields[key] === "string" ? fields[key] : undefined
const numberIn = (fields: JsonObject, key: string) => typeof fields[key] === "number" ? fields[key] : undefined

const MOST_ATTEMPTS = 1_000_000

/** Anything else is not a count of attempts. */
const attemptIn = (fields: JsonObject, key: string) => {
  const attempt = numberIn(fields, key)
  return Number.isSafeInteger(attempt) && attempt !== undefined && attempt > 0 && attempt <= MOST_ATTEMPTS
    ? attempt
    : undefined
}

const wordsOf = (fields: JsonObject) => ({
  status: textIn(fields, "phase_status") ?? textIn(fields, "status"),
  verdict: textIn(fields, "verdict"),
  confidence: numberIn(fields, "confidence"),
  error: textIn(fields, "error")
})

const kindsOfEvents: ReadonlyMap<string, Told["kind"]> = new Map<string, Told["kind"]>([
  ["started", "started"],
  ["decision", "decision"],
  ["completed", "completed"],
  ["phase_started", "started"],
  ["phase_completed", "completed"],
  ["phase_failed", "failed"]
])

/** One fact, in the words of `phase_events` or in those of a workflow event of the control protocol. */
const toldBy = (fields: Json | undefined): Told | undefined => {
  if (!isJsonObject(fields)) return undefined
  const inner = isJsonObject(fields["payload"]) ? fields["payload"] : fields
  const phase = textIn(inner, "phase_id")
  const said = kindsOfEvents.get(textIn(fields, "kind") ?? "")
  if (phase === undefined || said === undefined) return undefined
  const words = wordsOf(inner)
  const kind = said === "completed" && words.status === "decision" ? "decision" : said
  return { kind, phase, attempt: attemptIn(inner, "attempt") ?? attemptIn(inner, "phase_attempt"), ...words }
}

/** Whether a notification is about the run that the runner was given under this id. */
export const isOfRun = (run: string) => ({ params }: PluginNotification): boolean =>
  isJsonObject(params) && params["workflow_id"] === run

const isVerdict = Schema.is(Verdict)

const verdicts: ReadonlyMap<string | undefined, Verdict> = new Map<string | undefined, Verdict>([
  ["failed", "fail"],
  ["rework", "rework"],
  ["closed", "skip"]
])

interface Begun {
  readonly id: string
  /** The last of it; 0 where it was never entered. */
  readonly attempt: number
}

/** The journal's numbers: each is higher than all that the phase had before, wherever the runner begins to count. */
class Numbers {
  private readonly last: Map<string, number>
  private readonly given = new Map<string, number>()

  constructor(before: ReadonlyArray<Begun>) {
    this.last = new Map(before.map(({ attempt, id }) => [id, attempt]))
  }

  of(phase: string, told: number): number {
    const key = `${phase}/${told}`
    const known = this.given.get(key)
    if (known !== undefined) return known
    const number = Math.max(told, (this.last.get(phase) ?? 0) + 1)
    this.last.set(phase, number)
    this.given.set(key, number)
    return number
  }
}

/** Attempts as one pass over what was said counts them, in the runner's numbers. */
class Pass {
  readonly attempts = new Map<string, number>()
  readonly decisions = new Map<string, Told>()
}

export class HostedEvents {
  private readonly known = new Set<string>()
  private readonly startedAt = new Map<string, number>()
  private readonly completed = new Set<string>()
  private readonly live = new Pass()
  private readonly numbers: Numbers
  private readonly runner: string
  /** What went wrong last, in the runner's words. */
  trouble: string | undefined

  /** `before`: what an earlier hand-over, or an earlier daemon, has in the journal. */
  constructor(runner: string, before: ReadonlyArray<Begun> = []) {
    this.runner = runner
    this.numbers = new Numbers(before)
  }

  /** Nothing for what is no fact about a phase, or was told before. */
  notified(frame: PluginNotification, now: number): ReadonlyArray<RunEvent> {
    const told = toldBy(isJsonObject(frame.params) ? frame.params : undefined)
    return told === undefined ? [] : this.events(told, this.live, now)
  }

  /** What the answer says beyond what was heard before it. */
  answered({ phase_events, phase_results }: WorkflowExecuted, now: number): ReadonlyArray<RunEvent> {
    const again = new Pass()
    const results = new Map(phase_results.map((result) => [result.phase_id, result]))
    const fromEvents = phase_events.flatMap((event) => {
      const told = toldBy(Object(event))
      return told === undefined ? [] : this.events(told, again, now)
    })
    const fromResults = [...results.values()].flatMap(({ duration_secs, outcome, phase_id, status }) => {
      if (this.completed.has(phase_id)) return []
      const output = outcome === null ? "" : JSON.stringify(outcome)
      return this.events(
        { kind: "completed", phase: phase_id, status, output, millis: duration_secs * 1000 },
        again,
        now
      )
    })
    return [...fromEvents, ...fromResults]
  }

  private events(told: Told, pass: Pass, now: number): ReadonlyArray<RunEvent> {
    const { kind, phase } = told
    if (kind === "decision") {
      pass.decisions.set(phase, told)
      return []
    }
    const before = pass.attempts.get(phase) ?? 0
    if (kind === "started") return this.started(phase, told.attempt ?? before + 1, pass, now)
    // It waits for a person whom only its runner can ask.
    if (told.status === "manual_pending") return []
    const counted = told.attempt ?? Math.max(1, before)
    const entered = this.started(phase, counted, pass, now)
    const attempt = this.numbers.of(phase, counted)
    const key = `end/${phase}/${attempt}`
    if (this.known.has(key)) return entered
    this.known.add(key)
    this.completed.add(phase)
    const duration_ms = Math.max(0, Math.round(told.millis ?? now - (this.startedAt.get(`${phase}/${attempt}`) ?? now)))
    const at = { phase, attempt, duration_ms }
    if (kind === "failed") {
      this.trouble = told.error ?? `phase "${phase}" could not be carried out`
      return [...entered, { _tag: "PhaseFailed", ...at, error: this.trouble }]
    }
    const decision = this.decisionOf(told, pass.decisions.get(phase))
    pass.decisions.delete(phase)
    if (decision.verdict === "fail") this.trouble = `phase "${phase}" failed`
    return [...entered, { _tag: "PhaseCompleted", ...at, decision, output: told.output ?? "" }]
  }

  private started(phase: string, counted: number, pass: Pass, now: number): ReadonlyArray<RunEvent> {
    pass.attempts.set(phase, counted)
    const attempt = this.numbers.of(phase, counted)
    const key = `${phase}/${attempt}`
    if (this.startedAt.has(key)) return []
    this.startedAt.set(key, now)
    return [{ _tag: "PhaseStarted", phase, attempt, nonce: "" }]
  }

  private decisionOf({ confidence, status, verdict }: Told, decided: Told | undefined): PhaseDecision {
    const said = decided?.verdict ?? verdict
    return {
      verdict: isVerdict(said) ? said : verdicts.get(status) ?? "advance",
      confidence: decided?.confidence ?? confidence ?? 1,
      risk: "low",
      reason: `plugin ${this.runner} reports ${status ?? "its end"}`,
      guardrail_violations: [],
      evidence: [],
      source: decided === undefined ? "default" : "agent"
    }
  }
}
