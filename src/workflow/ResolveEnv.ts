/**
 * Definitions keep `${VAR}` in env blocks, and `${secret.name}` in those and in arguments, as they were written, so that no
 * secret is ever pinned or journaled. This puts the values in, for the moment a process is started, and nowhere else.
 */
import { ConfigProvider, Effect, Result } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { SecretSource } from "../../schemas/Workflow.ts"
import { interpolate, type Lookup, putSecrets, referencedNames } from "./Interpolate.ts"
import { own } from "./Own.ts"

export type SecretSources = Readonly<Record<string, SecretSource>>

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

/** A secret that need not be there is empty when it is not. */
const lookUpSecrets = Effect.fnUntraced(function*(sources: SecretSources) {
  const values = yield* lookUpNames(Object.values(sources).map(({ env }) => env))
  const lookup: Lookup = (name) => {
    const source = own(sources, name)
    if (source === undefined) return undefined
    return values.get(source.env) ?? (source.required ? undefined : "")
  }
  return lookup
})

const unset = (where: string, problems: ReadonlyArray<string>) =>
  new InvalidInput({ detail: `${where}: ${problems.join("; ")}. Set it and start the daemon again` })

export const resolveEnv = Effect.fnUntraced(
  function*(env: Readonly<Record<string, string>>, sources: SecretSources = {}) {
    const values = yield* lookUpNames(new Set(Object.values(env).flatMap(referencedNames)))
    const secrets = yield* lookUpSecrets(sources)
    const resolved: Record<string, string> = {}
    for (const [name, text] of Object.entries(env)) {
      const value = interpolate(text, (variable) => values.get(variable), secrets)
      if (Result.isFailure(value)) return yield* unset(`env ${name}`, value.failure)
      resolved[name] = value.success
    }
    return resolved
  }
)

/** Before `{{name}}` is filled in, never after: what a subject says must not be able to name a secret. */
export const resolveArgs = Effect.fnUntraced(function*(args: ReadonlyArray<string>, sources: SecretSources = {}) {
  const secrets = yield* lookUpSecrets(sources)
  const resolved: Array<string> = []
  for (const text of args) {
    const value = Object.keys(sources).length === 0 ? Result.succeed(text) : putSecrets(text, secrets)
    if (Result.isFailure(value)) return yield* unset("an argument", value.failure)
    resolved.push(value.success)
  }
  return resolved
})

/** Shorter values than this would take words of everyday output with them. */
const SHORTEST = 4

/** For what a process that was given secrets says: their values are replaced before anything is kept or told. */
export const secretHider = Effect.fnUntraced(function*(sources: SecretSources = {}) {
  const lookup = yield* lookUpSecrets(sources)
  const values = Object.keys(sources).flatMap((name) => lookup(name) ?? []).filter((one) => one.length >= SHORTEST)
    .toSorted((left, right) => right.length - left.length)
  return (text: string): string => values.reduce((kept, value) => kept.replaceAll(value, "[secret]"), text)
})
