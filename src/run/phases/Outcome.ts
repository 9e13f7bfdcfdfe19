/** How an attempt came out, before it is written down. */
import type { PhaseDecision } from "../../../schemas/Workflow.ts"

export type Outcome =
  | {
    readonly _tag: "Concluded"
    readonly decision: PhaseDecision
    readonly output: string
    readonly exitCode?: number
  }
  /** The attempt could not be carried out. */
  | { readonly _tag: "Broken"; readonly error: string }
  /** The provider does nothing more for a while, until `until` (epoch ms) if it said so. `begun`: something of the attempt was heard. */
  | {
    readonly _tag: "RateLimited"
    readonly reason: string
    readonly until: number | undefined
    readonly begun: boolean
  }
  /** The provider would not go on with the session it had; what then is a matter of recovery. */
  | { readonly _tag: "NotResumed"; readonly detail: string }
