/** Signatures in Sigstore bundles. */
import { Effect, Layer } from "effect"
import { Signatures } from "../src/install/Signatures.ts"

export const layer = Layer.succeed(Signatures, {
  check: () => Effect.succeed({ status: "untrusted_signer", detail: "no signer is trusted" })
})
