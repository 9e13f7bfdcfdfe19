/**
 * Every verb has two spellings, `<kind>/<verb>` and `subject/<verb>`, and plugins that serve only one of them. The first is
 * asked for first; where only the second is served, that is remembered.
 */
import { Effect } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import type { CallOptions, PluginHost } from "../plugin/PluginHost.ts"

const CANONICAL = "subject"

interface Asked {
  readonly plugin: string
  readonly kind: string
}

export interface Spellings {
  readonly call: (
    of: Asked,
    verb: string,
    params: object,
    options: CallOptions
  ) => Effect.Effect<Json, PluginError>
  /** A verb as the plugin knows it, once it has answered one. */
  readonly spell: (of: Asked, verb: string, as?: string) => string
}

const keyOf = ({ plugin }: Asked, verb: string) => `${plugin} ${verb}`

export const makeSpellings = (host: PluginHost["Service"]): Spellings => {
  const canonical = new Set<string>()
  const spell: Spellings["spell"] = (of, verb, as = verb) =>
    `${canonical.has(keyOf(of, as)) ? CANONICAL : of.kind}/${verb}`
  const call: Spellings["call"] = (of, verb, params, options) => {
    // Elsewhere the kind is in the id or in the params already.
    const whole = verb === "next" ? { ...params, kind: of.kind } : params
    const plainly = Effect.suspend(() => host.call(of.plugin, `${CANONICAL}/${verb}`, whole, options))
    if (canonical.has(keyOf(of, verb))) return plainly
    return Effect.catchTag(
      host.call(of.plugin, `${of.kind}/${verb}`, params, options),
      "MethodNotSupported",
      (error) =>
        plainly.pipe(
          Effect.tap(() => Effect.sync(() => canonical.add(keyOf(of, verb)))),
          Effect.catchTag("MethodNotSupported", () => Effect.fail(error))
        )
    )
  }
  return { call, spell }
}
