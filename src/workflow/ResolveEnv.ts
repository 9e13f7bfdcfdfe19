/**
 * Definitions keep `${VAR}` in env blocks as it was written, so that no secret is ever pinned or journaled. This puts the
 * values in, for the moment a process is started.
 */
import { ConfigProvider, Effect, Result } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { interpolate, referencedNames } from "./Interpolate.ts"

/** What the daemon's own environment says of these names. */
export const lookUpNames = Effect.fnUntraced(function*(names: Iterable<string>) {
  const provider = yield* ConfigProvider.ConfigProvider
  const values = new Map<string, string>()
  for (const name of names) {
    // A source that cannot be read has no value to give: the name is then told to be unset.
    const node = yield* Effect.catchTag(provider.load([name]), "SourceError", () => Effect.undefined)
    if (node?.value !== undefined) values.set(name, node.value)
  }
  return values
})

export const resolveEnv = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>) {
  const values = yield* lookUpNames(new Set(Object.values(env).flatMap(referencedNames)))
  const resolved: Record<string, string> = {}
  for (const [name, text] of Object.entries(env)) {
    const value = interpolate(text, (variable) => values.get(variable))
    if (Result.isFailure(value)) {
      return yield* new InvalidInput({
        detail: `env ${name}: ${value.failure.join("; ")}. Set it and start the daemon again`
      })
    }
    resolved[name] = value.success
  }
  return resolved
})
