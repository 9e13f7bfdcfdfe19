/** What a person decides about a run: at its gate, or after it came to a stop. A phase that is named has to be one of the pinned workflow. */
import { Effect } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import { present } from "../workflow/Present.ts"
import { crashPoint } from "./CrashPoint.ts"
import { gateAnswered } from "./phases/ManualPhase.ts"
import type { Gate } from "./Position.ts"
import { noSuchPhase, refuse, refuseAttempt, refuseHosted, refuseRetry } from "./Refusal.ts"
import { phaseOf, routeOf } from "./Route.ts"
import { commit, hasEnded } from "./RunActor.ts"
import { locked, type RunRegistry } from "./RunRegistry.ts"
import type { RunState } from "./RunState.ts"

export interface GateAnswer {
  readonly run: RunId
  readonly phase: string
  /** The attempt that was looked at: an answer to another one is refused. */
  readonly attempt?: number
  readonly note?: string
}

export interface GateRejection extends GateAnswer {
  /** The phase that the run is sent back to; without it, a no ends the run. */
  readonly to?: string
}

/** Back is any phase up to the gate itself. A person may send a run back as often as it takes: budgets are for what no person sees. */
const phaseBack = Effect.fnUntraced(function*(state: RunState, gate: Gate, named: string | undefined) {
  if (named === undefined) return undefined
  const phase = phaseOf(state.definition, named)
  if (phase === undefined) return yield* noSuchPhase(state, named)
  const place = (id: string) => state.definition.phases.findIndex((one) => one.id === id)
  if (place(phase.id) <= place(gate.phase)) return phase.id
  return yield* new InvalidInput({
    detail: `phase "${phase.id}" comes after gate "${gate.phase}": a rejected run can only be sent back`
  })
})

const noteMissing = (command: string, { phase, run }: GateAnswer) =>
  new InvalidInput({
    detail: `gate "${phase}" of run ${run} wants a note: animus workflow ${command} ${run} ${phase} --note TEXT`
  })

const answer = (runs: RunRegistry, command: "approve" | "reject") =>
  Effect.fnUntraced(function*({ attempt, note, phase, run, to: back }: GateRejection) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        const { status } = state.head
        const asks = status === "waiting" || status === "paused"
        const gate = state.position._tag === "AtGate" && asks ? state.position.gate : undefined
        if (gate?.phase.toLowerCase() !== phase.toLowerCase()) return yield* refuse(state, command)
        if (attempt !== undefined && attempt !== gate.attempt) {
          return yield* refuseAttempt(state, command, gate, attempt)
        }
        const to = yield* phaseBack(state, gate, back)
        const said = note?.trim() === "" ? undefined : note
        if (gate.noteRequired && said === undefined) return yield* noteMissing(command, { run, phase: gate.phase })
        yield* commit(actor, gateAnswered(gate, { approved: command === "approve", note: said, to }))
        yield* crashPoint("gate-decided")
        yield* runs.drive(actor)
      })
    )
  })

export const approve = (runs: RunRegistry) => {
  const say = answer(runs, "approve")
  return ({ attempt, note, phase, run }: GateAnswer) => say({ run, phase, ...present({ attempt, note }) })
}

export const reject = (runs: RunRegistry) => answer(runs, "reject")

export interface RetryOptions {
  /** Where the run stopped, when absent. */
  readonly from?: string
  readonly note?: string
}

const mayRetry: ReadonlySet<string> = new Set(["failed", "escalated", "blocked"])

/** What was finished is not done again: from there the run goes to where it would have gone. */
const whereNext = (state: RunState): string => {
  const route = routeOf(state)
  return (route !== undefined && "phase" in route ? route.phase : state.head.phase) ?? state.definition.phases[0].id
}

/** A run that came to a stop goes on from a phase, as a new attempt of it. A cancelled one does not: its work was given back. */
export const retry = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, { from, note }: RetryOptions) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        if (state.runner !== undefined) return yield* refuseHosted(state, "retried", "animus workflow fork")
        if (!mayRetry.has(state.head.status) || state.position._tag === "Cancelling") return yield* refuseRetry(state)
        const named = from ?? whereNext(state)
        const phase = phaseOf(state.definition, named)
        if (phase === undefined) return yield* noSuchPhase(state, named)
        const revived = hasEnded(state)
        yield* commit(actor, { _tag: "RunRetried", phase: phase.id, ...(note === undefined ? {} : { note }) })
        if (revived) runs.keep(actor)
        yield* crashPoint("run-retried")
        yield* runs.drive(actor)
      })
    )
  })
