/** How a command is refused: with the state the run is in, and what to type instead. Pure. */
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { IllegalTransition } from "../../schemas/errors/RunErrors.ts"
import type { Gate } from "./Position.ts"
import { hasEnded } from "./RunActor.ts"
import type { RunState } from "./RunState.ts"
import { nextStep } from "./RunView.ts"

const stateOf = (state: RunState): string =>
  state.position._tag === "Cancelling" && !hasEnded(state) ? "being cancelled" : state.head.status

const refusal = (state: RunState, command: string, next: string) =>
  new IllegalTransition({ run: state.head.run, command, state: stateOf(state), next })

const pausable: ReadonlySet<string> = new Set(["running", "sleeping"])

/** Nothing holds what is on its way to its end. */
export const mayPause = ({ head, position }: RunState): boolean =>
  pausable.has(head.status) && position._tag !== "Cancelling"

/** A failed run is the one that a person may take up again, where the daemon goes from phase to phase. */
const afterEnd = (state: RunState): string => {
  const { run, status } = state.head
  const why = `It has ended; see: ${nextStep(state)}`
  if (status !== "failed") return why
  return `${why}. Once more: animus workflow ${state.runner === undefined ? "retry" : "fork"} ${run}`
}

export const refuse = (state: RunState, command: string) =>
  refusal(state, command, hasEnded(state) ? afterEnd(state) : `Next: ${nextStep(state)}`)

/** Somebody else decided meanwhile, and the run came back to the same gate. */
export const refuseAttempt = (state: RunState, command: string, { attempt, phase }: Gate, meant: number) =>
  refusal(
    state,
    command,
    `Gate "${phase}" asks about attempt ${attempt} now, not ${meant}. Look again: animus workflow get ${state.head.run}`
  )

/** A run that ended as it was meant to is never reopened: a fork begins another one where this one is wanted again. */
export const refuseRetry = (state: RunState) => {
  const { run, status } = state.head
  if (status === "completed" || status === "cancelled") {
    return refusal(state, "retry", `Begin another run of the same definition: animus workflow fork ${run} --from PHASE`)
  }
  if (state.position._tag === "AtGate") {
    return refusal(state, "retry", `Send it back with: animus workflow reject ${run} --to PHASE`)
  }
  return refuse(state, "retry")
}

/** A plugin executes it as a whole, and nobody can reach into that. */
export const refuseHosted = ({ head, runner }: RunState, what: string, instead: string) =>
  new InvalidInput({
    detail: `run ${head.run} cannot be ${what}: plugin ${runner} executes it as a whole. Type: ${instead} ${head.run}`
  })

export const noSuchPhase = ({ definition, head }: RunState, phase: string) =>
  new InvalidInput({
    detail: `run ${head.run} has no phase "${phase}". Its phases: ${definition.phases.map(({ id }) => id).join(", ")}`
  })
