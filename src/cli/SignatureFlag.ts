/**
 * How much a signature matters: what was typed, else `plugins.signature_policy` in the user's own `config.json`, else warn. A
 * project's configuration has no say in it.
 */
import { Effect, FileSystem, Option, Path, Schema } from "effect"
import { Flag } from "effect/cli"
import { ConfigInvalid } from "../../schemas/errors/DaemonErrors.ts"
import { orElse } from "../../schemas/Json.ts"
import { SignaturePolicy } from "../../schemas/PluginLock.ts"
import { ProjectScope } from "../project/ProjectScope.ts"

export const signaturePolicy = Flag.Literals("signature-policy", SignaturePolicy.literals).pipe(
  Flag.optional,
  Flag.withDescription(
    "strict refuses what is not verified, warn says so, disabled does not look (default: configured)"
  )
)

const Settings = Schema.fromJsonString(
  Schema.Struct({ plugins: orElse(Schema.Struct({ signature_policy: orElse(SignaturePolicy, "warn") }), {}) })
)

const configured = Effect.gen(function*() {
  const { configDir } = yield* ProjectScope
  const fs = yield* FileSystem.FileSystem
  const file = (yield* Path.Path).join(configDir, "config.json")
  const text = yield* Effect.catch(
    fs.readFileString(file),
    (error) => error.reason._tag === "NotFound" ? Effect.succeed("{}") : Effect.fail(error)
  ).pipe(Effect.mapError(({ message }) => new ConfigInvalid({ path: file, detail: message })))
  const { plugins } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Settings)(text),
    ({ message }) => new ConfigInvalid({ path: file, detail: message })
  )
  return plugins.signature_policy
})

export const policyOf = (given: Option.Option<SignaturePolicy>) =>
  Option.match(given, { onNone: () => configured, onSome: (policy) => Effect.succeed(policy) })
