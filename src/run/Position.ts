/** Where a run stands between two events. */
import type { SessionId } from "../../schemas/Ids.ts"
import type { HeldResult } from "../../schemas/RunEvent.ts"
import type { PhaseDecision } from "../../schemas/Workflow.ts"

/** An attempt that was begun and has not ended. `resumed`: it goes on with its provider's session after a crash. */
export interface InFlight {
  readonly _tag: "InFlight"
  readonly phase: string
  readonly attempt: number
  readonly nonce: string
  readonly startedAt: string
  readonly session?: SessionId | undefined
  readonly failureContext?: string | undefined
  readonly resumed: boolean
}

/** What the agent of the attempt in flight wants to know from a person. */
export interface Interaction {
  readonly interaction: string
  readonly phase: string
  readonly attempt: number
  readonly session: SessionId
  readonly kind: string
  readonly summary: string
  readonly expiresAt: string | undefined
}

export interface Gate {
  readonly phase: string
  readonly attempt: number
  readonly instructions: string
  readonly noteRequired: boolean
  readonly openedAt: string
  /** What the attempt came to, where its checks opened the gate. */
  readonly held?: HeldResult | undefined
}

/** Where the run stands between two events: all that `decide` looks at to say what comes next. */
export type Position =
  /** `phase` is where a forked run begins; the first one when absent. */
  | { readonly _tag: "Begun"; readonly phase?: string | undefined }
  | InFlight
  /** Until `until` (epoch ms) its provider does nothing; `begun`: the attempt had said something by then. */
  | { readonly _tag: "Sleeping"; readonly attempt: InFlight; readonly until: number; readonly begun: boolean }
  | { readonly _tag: "AtGate"; readonly gate: Gate }
  | {
    readonly _tag: "GateAnswered"
    readonly gate: Gate
    readonly approved: boolean
    readonly note?: string | undefined
    /** Where a no sends the run back to; it ends without one. */
    readonly to?: string | undefined
    readonly at: string
  }
  | {
    readonly _tag: "Concluded"
    readonly phase: string
    readonly attempt: number
    readonly decision: PhaseDecision
    readonly output: string
    /** When the rework that follows may begin (epoch ms). */
    readonly until?: number | undefined
  }
  | { readonly _tag: "Broken"; readonly phase: string; readonly attempt: number; readonly error: string }
  | { readonly _tag: "Skipped"; readonly phase: string }
  /** `attempt` was in flight when the cancel was asked for. */
  | { readonly _tag: "Cancelling"; readonly reason: string; readonly attempt: InFlight | undefined }
  | { readonly _tag: "Reenter"; readonly phase: string; readonly failureContext?: string | undefined }

/** The attempt that was begun and has not ended, if there is one. */
export const attemptOf = (position: Position): InFlight | undefined =>
  position._tag === "InFlight" ? position : position._tag === "Sleeping" ? position.attempt : undefined
