/**
 * The two pure halves of a run, over random workflows and random outcomes: at least ten thousand lives, in seconds. A life is
 * a seed; a failure prints the one that it was.
 */
import { assert, describe, it } from "@effect/vitest"
import { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry, RunEvent, RunStatus } from "../../schemas/RunEvent.ts"
import type { Phase, PhaseDecision, Verdict, WorkflowDefinition } from "../../schemas/Workflow.ts"
import type { Budget } from "../../schemas/WorkflowPolicy.ts"
import { wordsOf } from "../../src/run/ActionEvent.ts"
import { type Action, decide } from "../../src/run/Decide.ts"
import type { InFlight, Position } from "../../src/run/Position.ts"
import { apply, project, type RunState } from "../../src/run/RunState.ts"
import { isFinished } from "../../src/session/RunHead.ts"
import { agent, command, dispatch, evals, manual } from "./World.ts"

const run = RunId.make("run-1")
const LIVES = 10_000
const LONG = 40

/** mulberry32: the same life for the same seed. */
const dice = (seed: number) => {
  let state = seed
  const roll = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const upTo = (limit: number) => Math.floor(roll() * limit)
  const pick = <A>(from: readonly [A, ...ReadonlyArray<A>]): A => from[upTo(from.length)] ?? from[0]
  return { roll, upTo, pick }
}
type Dice = ReturnType<typeof dice>

const verdicts = ["advance", "advance", "rework", "rework", "fail", "skip"] as const

const operators = ["==", "!="] as const

const workflowOf = ({ pick, roll, upTo }: Dice): WorkflowDefinition => {
  const ids = Array.from({ length: 1 + upTo(5) }, (_, at) => `p${at}`)
  const rule = () =>
    roll() < 0.4 ? { target: `p${upTo(ids.length)}`, allow_agent_target: roll() < 0.5, allowed_targets: [] } : undefined
  const phases = ids.map((id) => {
    const [advance, rework] = [rule(), rule()]
    const common = {
      max_rework_attempts: upTo(3),
      on_verdict: { ...(advance && { advance }), ...(rework && { rework }) },
      ...(roll() < 0.2 && { backoff: { initial_secs: upTo(10), factor: 2 } }),
      ...(roll() < 0.1 &&
        { budget: { max_tokens: upTo(30), on_exceed: pick<Budget["on_exceed"]>(["pause", "fail", "warn"]) } }),
      skip_if: roll() < 0.1 ? [{ field: "subject_kind", operator: operators[upTo(2)] ?? "==", value: "task" }] : []
    }
    return pick<Phase>([
      agent(id, {
        ...common,
        ...(roll() < 0.3 && { decision_contract: contract }),
        ...(roll() < 0.3 && { evals: { ...evals, max_reworks: upTo(3) } })
      }),
      command(id, common),
      manual(id, { ...common, ...(roll() < 0.3 && { timeout_secs: 60 }) })
    ])
  })
  const [first = manual("p0"), ...rest] = phases
  const budget = roll() < 0.1
    ? { budget: { max_tokens: upTo(60), on_exceed: pick<Budget["on_exceed"]>(["pause", "fail", "warn"]) } }
    : {}
  return { id: "w", name: "w", phases: [first, ...rest], variables: [], ...budget }
}
const contract = {
  min_confidence: 0.6,
  max_risk: "medium",
  allow_missing_decision: true,
  required_evidence: []
} as const

const decision = ({ pick, roll, upTo }: Dice, verdict: Verdict): PhaseDecision => ({
  verdict,
  confidence: roll(),
  risk: pick(["low", "medium", "high"]),
  reason: pick(["", "already_done", "no"]),
  guardrail_violations: roll() < 0.1 ? ["rule"] : [],
  evidence: [],
  source: pick(["agent", "command", "default"]),
  ...(roll() < 0.2 && { target_phase: `p${upTo(6)}` })
})

type ActionOf<Tag> = Extract<Action, { readonly _tag: Tag }>

/** As the engine writes it down when the checks of a phase failed: a rework while they may ask for one, then a gate. */
const checkedOnes = (state: RunState, { attempt, phase }: InFlight, random: Dice): RunEvent | undefined => {
  const own = state.definition.phases.find(({ id }) => id === phase)
  if (own?.mode !== "agent" || own.evals === undefined || random.roll() < 0.5) return undefined
  const checks = [{ id: "c", passed: false, said: "FAIL" }]
  const usage = { tokens: random.upTo(20), cost_usd: 0 }
  const made = { ...decision(random, "advance"), source: "agent" as const }
  if ((state.recheckings?.[phase] ?? 0) < own.evals.max_reworks) {
    const sent = { ...made, verdict: "rework", source: "evals" } as const
    return { _tag: "PhaseCompleted", phase, attempt, decision: sent, output: "o", duration_ms: 1, checks, usage }
  }
  const held = { decision: made, output: "o", duration_ms: 1, checks }
  return { _tag: "GateOpened", phase, attempt, instructions: "stands?", note_required: true, held, usage }
}

const outcome = (state: RunState, { attempt: of }: ActionOf<"PerformPhase">, random: Dice, now: number): RunEvent => {
  const { attempt, phase } = of
  const checks = checkedOnes(state, of, random)
  if (checks !== undefined) return checks
  const chance = random.roll()
  if (chance < 0.7) {
    return {
      _tag: "PhaseCompleted",
      phase,
      attempt,
      decision: decision(random, random.pick(verdicts)),
      output: "o",
      duration_ms: 1,
      ...(random.roll() < 0.5 && { usage: { tokens: random.upTo(20), cost_usd: 0 } })
    }
  }
  if (chance < 0.75) return { _tag: "PhaseFailed", phase, attempt, error: "broken", duration_ms: 1 }
  if (chance < 0.85) {
    const until = new Date(now + random.upTo(100_000)).toISOString()
    return { _tag: "RateLimited", phase, attempt, until, reason: "429", begun: random.roll() < 0.5 }
  }
  return {
    _tag: "RecoveryDecided",
    phase,
    attempt,
    action: random.pick(["resume", "rerun", "blocked"]),
    reason: "crash"
  }
}

/** Pausing does not reach what is in flight: that comes to its end all the same. */
const word = (state: RunState, random: Dice, now: number): RunEvent | undefined => {
  const phase = `p${random.upTo(state.definition.phases.length)}`
  const { status } = state.head
  if (status === "failed") return random.roll() < 0.5 ? { _tag: "RunRetried", phase } : undefined
  if (isFinished(status)) return undefined
  if (status === "paused" && state.position._tag === "InFlight" && random.roll() < 0.5) {
    return outcome(state, { _tag: "PerformPhase", attempt: state.position }, random, now)
  }
  return random.pick<RunEvent>([
    { _tag: "RunResumed", force: true },
    { _tag: "RunResumed", force: false, feedback: "try" },
    ...(status === "paused" ? [] : [{ _tag: "RunRetried" as const, phase }]),
    { _tag: "CancelRequested", reason: "enough" }
  ])
}

const answer = (
  { phase, attempt }: { readonly phase: string; readonly attempt: number },
  state: RunState,
  random: Dice
): RunEvent => {
  const approved = random.roll() < 0.6
  const at = state.definition.phases.findIndex(({ id }) => id === phase)
  const to = approved || random.roll() < 0.3 ? {} : { to: `p${random.upTo(at + 1)}` }
  return { _tag: "GateDecided", phase, attempt, approved, ...to }
}

/** What the loop would write down of an action, with the world decided by dice; a number is time that passes. */
const carriedOut = (state: RunState, action: Action, random: Dice, now: number): RunEvent | number | undefined => {
  switch (action._tag) {
    case "StartPhase":
      return { _tag: "PhaseStarted", phase: action.phase, attempt: action.attempt, nonce: "n" }
    case "PerformPhase":
      return outcome(state, action, random, now)
    case "AwaitGate":
      if (action.until !== undefined && random.roll() < 0.3) return action.until
      return state.position._tag === "AtGate" ? answer(state.position.gate, state, random) : undefined
    case "Sleep":
      return action.until
    case "Wake": {
      const { attempt, phase } = action.attempt
      return {
        _tag: "RecoveryDecided",
        phase,
        attempt,
        action: random.pick(["resume", "rerun", "blocked"]),
        reason: "over"
      }
    }
    case "Execute":
      return assert.fail("no run in here has a plugin that executes it")
    case "Idle":
      return word(state, random, now)
    default:
      return wordsOf(action)
  }
}

interface Life {
  readonly entries: ReadonlyArray<JournalEntry>
  readonly state: RunState
}

/** What `status` may say of a run at a position: both are told by the same events, each by a fold of its own. */
const standings: Readonly<Record<Position["_tag"], ReadonlyArray<RunStatus>>> = {
  Begun: ["running", "paused"],
  InFlight: ["running", "paused", "blocked"],
  Sleeping: ["sleeping", "paused", "running"],
  AtGate: ["waiting", "paused"],
  GateAnswered: ["running", "paused"],
  Concluded: ["running", "paused", "sleeping", "escalated"],
  Broken: ["running", "paused"],
  Skipped: ["running", "paused"],
  Cancelling: ["running"],
  Reenter: ["running", "paused"]
}

/** A plain comparison: it is made some hundred thousand times. */
const checked = (state: RunState) => {
  const { head: { status }, position } = state
  const until = "until" in position ? position.until : undefined
  const asleep = status === "running" && until !== undefined && until > Date.parse(state.head.updated_at)
  if (asleep || !isFinished(status) && !standings[position._tag].includes(status)) {
    assert.fail(`a run at ${position._tag} is ${status}`)
  }
  const over = state.definition.phases.find(({ id, max_rework_attempts }) =>
    (state.reworks[id] ?? 0) > max_rework_attempts
  )
  if (over !== undefined) assert.fail(`more reworks of ${over.id} than its budget`)
  const again = state.definition.phases.find((phase) =>
    phase.mode === "agent" && (state.recheckings?.[phase.id] ?? 0) > (phase.evals?.max_reworks ?? 0)
  )
  return again === undefined ? state : assert.fail(`more reworks by the checks of ${again.id} than they may ask for`)
}

/** What takes back the word of whoever paused a run, and what may become of it without one. */
const releases: ReadonlySet<RunEvent["_tag"]> = new Set(["RunResumed", "RunRetried", "CancelRequested"] as const)
const heldStill: ReadonlySet<RunStatus> = new Set(["paused", "blocked"] as const)

const paused: RunEvent = { _tag: "RunPaused", reason: "lunch" }
const mayPause = ({ head: { status }, position }: RunState) =>
  (status === "running" || status === "sleeping") && position._tag !== "Cancelling"

/**
 * Lives on from what `entries` tell, until nothing more is to be done or there are `most` of them. What the world does next
 * depends on the seed and on how far the run has come, so that a life that was cut off can be gone on with.
 */
const live = (begun: ReadonlyArray<JournalEntry>, seed: number, most: number): Life => {
  const entries = [...begun]
  let state = checked(project(run, begun) ?? assert.fail("no run"))
  let now = Date.parse(entries.at(-1)?.at ?? "")
  while (entries.length < most) {
    const action = decide(state, now)
    if (isFinished(state.head.status) && action._tag !== "Idle") assert.fail(`${action._tag} after the end`)
    const random = dice(seed * 1000 + entries.length)
    const next: RunEvent | number | undefined = mayPause(state) && random.roll() < 0.04
      ? paused
      : carriedOut(state, action, random, now)
    if (next === undefined) break
    if (typeof next === "number") {
      now = Math.max(now + 1, next)
      continue
    }
    now += 1000
    const entry = { sequence: entries.length + 1, at: new Date(now).toISOString(), event: next }
    entries.push(entry)
    const before: RunStatus = state.head.status
    state = checked(apply(run, state, entry) ?? assert.fail("the run is gone"))
    if (before === "paused" && !releases.has(next._tag) && !heldStill.has(state.head.status)) {
      assert.fail(`${next._tag} made a run that was paused ${state.head.status}`)
    }
  }
  return { entries, state }
}

const begin = (random: Dice): ReadonlyArray<JournalEntry> => [{
  sequence: 1,
  at: "2026-01-01T00:00:00.000Z",
  event: { _tag: "RunStarted", definition: workflowOf(random), definition_hash: "0", dispatch, vars: {} }
}]

const attemptsOf = (entries: ReadonlyArray<JournalEntry>, tag: "PhaseStarted" | "PhaseCompleted") =>
  entries.flatMap(({ event }) => event._tag === tag ? [`${event.phase} ${event.attempt}`] : [])

const everyLife = (body: (seed: number) => void) => {
  const first = Date.now() % 1_000_000
  for (let seed = first; seed < first + LIVES; seed++) {
    try {
      body(seed)
    } catch (cause) {
      throw new Error(`the life with seed ${seed}`, { cause })
    }
  }
}

describe("project and decide", { timeout: 600_000 }, () => {
  it("bring every life to where nothing is left undone, with no attempt begun or completed twice", () => {
    const ends = new Set<string>()
    everyLife((seed) => {
      const { entries, state } = live(begin(dice(seed)), seed, LONG)
      for (const tag of ["PhaseStarted", "PhaseCompleted"] as const) {
        const attempts = attemptsOf(entries, tag)
        assert.strictEqual(new Set(attempts).size, attempts.length, `${tag} twice`)
      }
      ends.add(state.head.status)
    })
    assert.includeMembers([...ends], ["completed", "failed", "cancelled"])
  })

  it("go on from any prefix to the end that comes when nothing is cut off", () => {
    everyLife((seed) => {
      const random = dice(seed)
      const whole = live(begin(random), seed, LONG)
      const prefix = whole.entries.slice(0, 1 + random.upTo(whole.entries.length))
      assert.strictEqual(JSON.stringify(live(prefix, seed, LONG)), JSON.stringify(whole))
    })
  })

  it("never fall over events that do not fit what went before", () => {
    const kinds = new Map<string, RunEvent>()
    everyLife((seed) => {
      const random = dice(seed)
      const { entries } = live(begin(random), seed, 20)
      for (const { event } of entries) kinds.set(event._tag, event)
      const others = [...kinds.values()]
      const mixed = entries.map((entry, at) =>
        at === 0 || random.roll() < 0.5 ? entry : { ...entry, event: others[random.upTo(others.length)] ?? entry.event }
      )
      const state = project(run, mixed) ?? assert.fail("no run")
      const once = JSON.stringify(decide(state, 0))
      assert.strictEqual(JSON.stringify(decide(state, 0)), once)
    })
  })
})
