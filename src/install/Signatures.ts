/** Whether a signature beside an artefact is good, and made by someone this user trusts. Answered without the network. */
import { Context, type Effect } from "effect"
import type { SignatureStatus } from "../../schemas/PluginLock.ts"

export interface SignatureCheck {
  readonly status: SignatureStatus
  /** Why it is not verified, or who signed. */
  readonly detail: string
}

export class Signatures extends Context.Service<Signatures, {
  /** `bundle` is the text of a Sigstore bundle. What cannot be checked is `invalid`, never verified. */
  readonly check: (artifact: Uint8Array, bundle: string) => Effect.Effect<SignatureCheck>
}>()("animus/install/Signatures") {}
