/** How an attempt came out, before it is written down. */
import type { HeldResult } from "../../../schemas/RunEvent.ts"
import type { PhaseDecision } from "../../../schemas/Workflow.ts"
import type { CheckResult, Usage } from "../../../schemas/WorkflowPolicy.ts"

interface Used {
  readonly usage?: Usage
}

export type Outcome =
  | {
    readonly _tag: "Concluded"
    readonly decision: PhaseDecision
    readonly output: string
    readonly exitCode?: number
    readonly checks?: ReadonlyArray<CheckResult>
  } & Used
  /** Its checks failed, and a person says whether it stands. */
  | { readonly _tag: "Held"; readonly reason: string; readonly held: Omit<HeldResult, "duration_ms"> } & Used
  /** The attempt could not be carried out. */
  | { readonly _tag: "Broken"; readonly error: string } & Used
  /** The provider does nothing more for a while, until `until` (epoch ms) if it said so. `begun`: something of the attempt was heard. */
  | {
    readonly _tag: "RateLimited"
    readonly reason: string
    readonly until: number | undefined
    readonly begun: boolean
  } & Used
  /** The provider would not go on with the session it had; what then is a matter of recovery. */
  | { readonly _tag: "NotResumed"; readonly detail: string } & Used

export const broken = (error: string): Outcome => ({ _tag: "Broken", error })
