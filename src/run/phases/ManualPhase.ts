/** One attempt of a manual phase: a gate that opens, waits for a person at no cost, and closes with what was said. Pure. */
import type { RunEvent } from "../../../schemas/RunEvent.ts"
import type { Action } from "../Decide.ts"
import type { Gate } from "../Position.ts"

type ActionOf<Tag> = Extract<Action, { readonly _tag: Tag }>

export const gateOpened = ({ attempt, instructions, noteRequired, phase }: ActionOf<"OpenGate">): RunEvent => ({
  _tag: "GateOpened",
  phase,
  attempt,
  instructions,
  note_required: noteRequired
})

interface Answer {
  readonly approved: boolean
  readonly note: string | undefined
  readonly to?: string | undefined
}

export const gateAnswered = ({ attempt, phase }: Gate, { approved, note, to }: Answer): RunEvent => ({
  _tag: "GateDecided",
  phase,
  attempt,
  approved,
  ...(to === undefined ? {} : { to }),
  ...(note === undefined ? {} : { note })
})

export const gateConcluded = ({ decision, durationMs, gate }: ActionOf<"ConcludeGate">): RunEvent => ({
  _tag: "PhaseCompleted",
  phase: gate.phase,
  attempt: gate.attempt,
  decision,
  output: gate.held?.output ?? decision.reason,
  duration_ms: gate.held?.duration_ms ?? durationMs,
  ...(gate.held === undefined ? {} : { checks: gate.held.checks })
})
