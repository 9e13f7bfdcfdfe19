/** The text of `plugins.yaml` as data; what is no YAML is refused with its place. */
import { Effect, Schema } from "effect"
import { parse } from "yaml"
import { ConfigInvalid } from "../../schemas/errors/DaemonErrors.ts"
import { maybe } from "../../schemas/Json.ts"

const Entries = Schema.Record(Schema.String, Schema.Struct({ binary: Schema.String }))
/** A section that was emptied by hand is null. */
const Registry = Schema.Struct({ plugins: maybe(Entries), providers: maybe(Entries) })
const decode = Schema.decodeUnknownEffect(Registry)

/** Name and program of what is registered. */
export const registryEntries = Effect.fnUntraced(function*(path: string, text: string) {
  const { plugins, providers } = yield* decode(yield* parseRegistry(path, text))
  return Object.entries({ ...plugins, ...providers }).map(([name, { binary }]) => [name, binary] as const)
})

/** The parser's first line names the place; the rest draws it. */
const wordsOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]?.replace(/:$/, "") ?? ""

const parseRegistry = (path: string, text: string) =>
  Effect.try({
    try: (): unknown => parse(text) ?? {},
    catch: (cause) => new ConfigInvalid({ path, detail: wordsOf(cause) })
  })
