/** What a run does next. Pure: the same state at the same time always gives the same action; no Effect, no store, no clock. */
import type { PhaseDecision } from "../../schemas/Workflow.ts"
import { guardHolds, printGuard } from "../workflow/guard/Evaluate.ts"
import { own } from "../workflow/Own.ts"
import { factsOf } from "./GuardFacts.ts"
import { retryDelay } from "./policy/Retry.ts"
import type { Gate, InFlight } from "./Position.ts"
import { ALL_PHASES_DONE, phaseAfter, phaseOf, routeOf } from "./Route.ts"
import type { RunState } from "./RunState.ts"
import { overBudget } from "./Spending.ts"

export type Action =
  | {
    readonly _tag: "StartPhase"
    readonly phase: string
    readonly attempt: number
    readonly failureContext: string | undefined
  }
  | { readonly _tag: "PerformPhase"; readonly attempt: InFlight }
  /** A plugin does all of it. */
  | { readonly _tag: "Execute"; readonly runner: string }
  | {
    readonly _tag: "OpenGate"
    readonly phase: string
    readonly attempt: number
    readonly instructions: string
    readonly noteRequired: boolean
  }
  /** Nothing is done before `until` (epoch ms). */
  | { readonly _tag: "Sleep"; readonly until: number }
  /** The sleep is over: how the attempt goes on is a matter of recovery. */
  | { readonly _tag: "Wake"; readonly attempt: InFlight }
  /** Nobody has answered yet; `until` (epoch ms) is when the gate rejects by itself. */
  | { readonly _tag: "AwaitGate"; readonly until: number | undefined }
  | { readonly _tag: "ExpireGate"; readonly gate: Gate; readonly note: string }
  | {
    readonly _tag: "ConcludeGate"
    readonly gate: Gate
    readonly decision: PhaseDecision
    readonly durationMs: number
  }
  | { readonly _tag: "SkipPhase"; readonly phase: string; readonly guard: string }
  /** `until`: epoch ms. */
  | { readonly _tag: "DelayRework"; readonly phase: string; readonly until: number; readonly reason: string }
  | {
    readonly _tag: "ExceedBudget"
    readonly phase: string | undefined
    readonly action: "pause" | "warn"
    readonly reason: string
  }
  | { readonly _tag: "Complete" | "Fail" | "Escalate" | "Cancel"; readonly reason: string }
  /** Finished, or held until somebody says a word. */
  | { readonly _tag: "Idle" }

type Start = Extract<Action, { readonly _tag: "StartPhase" }>

export const decide = (state: RunState, now: number): Action => {
  const next = nextOf(state, now)
  return next._tag === "StartPhase" ? overspent(state) ?? delayed(state, next, now) ?? next : next
}

/** Looked at before anything more is begun: what has ended is not undone by what it cost. */
const overspent = (state: RunState): Action | undefined => {
  const over = overBudget(state)
  if (over === undefined) return undefined
  const { action, phase, reason } = over
  return action === "fail"
    ? { _tag: "Fail", reason: `budget exceeded: ${reason}` }
    : { _tag: "ExceedBudget", phase, action, reason }
}

/** A rework waits as long as the phase that it goes back to says, longer each time. */
const delayed = (state: RunState, { phase }: Start, now: number): Action | undefined => {
  const { position, recheckings, reworks } = state
  if (position._tag !== "Concluded" || routeOf(state)?._tag !== "Rework") return undefined
  if (position.until !== undefined) {
    return now < position.until ? { _tag: "Sleep", until: position.until } : undefined
  }
  const rework = (own(reworks, phase) ?? 0) + (own(recheckings, phase) ?? 0) + 1
  const seconds = retryDelay(phaseOf(state.definition, phase)?.backoff, rework)
  return seconds === 0 ? undefined : {
    _tag: "DelayRework",
    phase,
    until: now + seconds * 1000,
    reason: `rework ${rework} of phase "${phase}" waits ${seconds} s`
  }
}

const nextOf = (state: RunState, now: number): Action => {
  const { status } = state.head
  if (status !== "running" && status !== "waiting" && status !== "sleeping") return { _tag: "Idle" }
  const { position, runner } = state
  if (runner !== undefined && position._tag !== "Cancelling") return { _tag: "Execute", runner }
  switch (position._tag) {
    case "Begun":
      return enter(state, position.phase ?? state.definition.phases[0].id)
    case "InFlight":
      return perform(state, position)
    case "Sleeping":
      return now < position.until
        ? { _tag: "Sleep", until: position.until }
        : { _tag: "Wake", attempt: position.attempt }
    case "AtGate":
      return awaitGate(state, position.gate, now)
    case "GateAnswered":
      return answered(state, position)
    case "Concluded":
      return follow(state)
    case "Broken":
      return { _tag: "Fail", reason: `phase "${position.phase}" could not be carried out: ${position.error}` }
    case "Skipped": {
      const next = phaseAfter(state.definition, position.phase)
      return next === undefined ? { _tag: "Complete", reason: ALL_PHASES_DONE } : enter(state, next.id)
    }
    case "Cancelling":
      return { _tag: "Cancel", reason: position.reason }
    case "Reenter":
      return start(state, position.phase, position.failureContext)
  }
}

const start = (state: RunState, phase: string, failureContext?: string): Action => {
  const before = state.phases.find(({ id }) => id === phase)?.attempt ?? 0
  return { _tag: "StartPhase", phase, attempt: before + 1, failureContext: state.feedback ?? failureContext }
}

/** Guards are asked on the way forward only: a phase that somebody sent the run back to is never skipped. */
const enter = (state: RunState, phase: string): Action => {
  const guards = phaseOf(state.definition, phase)?.skip_if ?? []
  if (guards.length === 0) return start(state, phase)
  const attempt = (state.phases.find(({ id }) => id === phase)?.attempt ?? 0) + 1
  const facts = factsOf(state, { attempt, decision: lastDecision(state) })
  const matching = guards.find((guard) => guardHolds(guard, facts))
  return matching === undefined ? start(state, phase) : { _tag: "SkipPhase", phase, guard: printGuard(matching) }
}

/** Of the attempt that concluded last, whatever was skipped since. */
const lastDecision = ({ phases, position }: RunState): PhaseDecision | undefined =>
  position._tag === "Concluded"
    ? position.decision
    : phases.filter(({ decision }) => decision !== undefined).toSorted((left, right) =>
      (left.finished_at ?? "").localeCompare(right.finished_at ?? "")
    ).at(-1)?.decision

const perform = (state: RunState, attempt: InFlight): Action => {
  const phase = phaseOf(state.definition, attempt.phase)
  if (phase?.mode !== "manual") return { _tag: "PerformPhase", attempt }
  const instructions = attempt.failureContext === undefined
    ? phase.instructions
    : `${phase.instructions}\n\n${attempt.failureContext}`
  return {
    _tag: "OpenGate",
    phase: phase.id,
    attempt: attempt.attempt,
    instructions,
    noteRequired: phase.approval_note_required
  }
}

const awaitGate = (state: RunState, gate: Gate, now: number): Action => {
  const phase = phaseOf(state.definition, gate.phase)
  if (phase?.mode !== "manual" || phase.timeout_secs === undefined) return { _tag: "AwaitGate", until: undefined }
  const until = Date.parse(gate.openedAt) + phase.timeout_secs * 1000
  return now < until
    ? { _tag: "AwaitGate", until }
    : { _tag: "ExpireGate", gate, note: `nobody decided within ${phase.timeout_secs} s` }
}

const answered = (
  state: RunState,
  { approved, at, gate, note, to }: Extract<RunState["position"], { readonly _tag: "GateAnswered" }>
): Action => {
  if (!approved) {
    const reason = `gate "${gate.phase}" was rejected${note === undefined ? "" : `: ${note}`}`
    return to === undefined ? { _tag: "Fail", reason } : start(state, to, reason)
  }
  return {
    _tag: "ConcludeGate",
    gate,
    durationMs: Math.max(0, Date.parse(at) - Date.parse(gate.openedAt)),
    decision: {
      verdict: "advance",
      confidence: 1,
      risk: "low",
      reason: note ?? "approved",
      guardrail_violations: [],
      evidence: [],
      source: "person"
    }
  }
}

const follow = (state: RunState): Action => {
  const route = routeOf(state)
  switch (route?._tag) {
    case "Enter":
      return enter(state, route.phase)
    case "Rework":
      return start(state, route.phase, route.failureContext)
    case "Complete":
    case "Cancel":
    case "Escalate":
      return { _tag: route._tag, reason: route.reason }
    case undefined:
      return { _tag: "Fail", reason: "the journal names a phase that the pinned workflow does not have" }
  }
}
