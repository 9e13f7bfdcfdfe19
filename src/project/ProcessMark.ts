/**
 * How a process that this daemon starts can be recognised after the daemon died: two variables in its environment. The
 * cookie is the same for every daemon of a scope, the generation for no two daemons.
 */
import { Clock, Context, Effect, Layer, Random } from "effect"
import { Digest } from "effect/crypto"
import { ProjectScope } from "./ProjectScope.ts"

export const COOKIE_VARIABLE = "ANIMUS_COOKIE"
export const GENERATION_VARIABLE = "ANIMUS_GENERATION"

export class ProcessMark extends Context.Service<ProcessMark, {
  readonly cookie: string
  readonly generation: string
}>()("animus/project/ProcessMark") {
  static readonly layer: Layer.Layer<ProcessMark, never, ProjectScope | Digest.Digest> = Layer.effect(
    ProcessMark,
    Effect.gen(function*() {
      const { scopeDir } = yield* ProjectScope
      const digest = yield* Digest.Digest
      const now = yield* Clock.currentTimeMillis
      const salt = yield* Random.nextIntBetween(0, 2 ** 31)
      return {
        cookie: yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(scopeDir)),
        generation: `${now.toString(36)}-${salt.toString(36)}`
      }
    })
  )
}

/** What every process started for a daemon carries in its environment. */
export const markVariables = ({ cookie, generation }: ProcessMark["Service"]): Readonly<Record<string, string>> => ({
  [COOKIE_VARIABLE]: cookie,
  [GENERATION_VARIABLE]: generation
})
