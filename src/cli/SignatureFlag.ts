/** How much a signature matters: what was typed, else what the configuration says. */
import { Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { SignaturePolicy } from "../../schemas/PluginLock.ts"

export const signaturePolicy = Flag.Literals("signature-policy", SignaturePolicy.literals).pipe(
  Flag.optional,
  Flag.withDescription(
    "strict refuses what is not verified, warn says so, disabled does not look (default: configured)"
  )
)

export const policyOf = (given: Option.Option<SignaturePolicy>): Effect.Effect<SignaturePolicy> =>
  Effect.succeed(Option.getOrElse(given, () => "warn" as const))
