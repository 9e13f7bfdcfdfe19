/** Enters the plugins that came with Animus into the user's registry, like any others. What is registered already stays. */
import { Effect, FileSystem, Path, Schema } from "effect"
import { parse, stringify } from "yaml"
import { ConfigInvalid } from "../../schemas/errors/DaemonErrors.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Installation } from "./Installation.ts"

const Section = Schema.Record(Schema.String, Schema.Unknown)
const Registry = Schema.StructWithRest(
  Schema.Struct({ plugins: Schema.optionalKey(Section), providers: Schema.optionalKey(Section) }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
const decode = Schema.decodeUnknownEffect(Registry)

const read = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(file))) return {}
  const text = yield* fs.readFileString(file)
  return yield* Effect.try({ try: (): unknown => parse(text) ?? {}, catch: String }).pipe(
    Effect.flatMap(decode),
    Effect.mapError((cause) => new ConfigInvalid({ path: file, detail: String(cause) }))
  )
})

/** The names that were added. */
export const registerReferencePlugins = Effect.gen(function*() {
  const { configDir } = yield* ProjectScope
  const { referencePlugins } = yield* Installation
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(configDir, "plugins.yaml")
  const registry: typeof Registry.Type = yield* read(file)
  const missing = referencePlugins.filter(({ name, section }) => registry[section]?.[name] === undefined)
  if (missing.length === 0) return []
  const entries = (section: "plugins" | "providers") => ({
    ...registry[section],
    ...Object.fromEntries(
      missing.filter((plugin) => plugin.section === section).map(({ name, path }) => [name, { binary: path }])
    )
  })
  yield* fs.makeDirectory(configDir, { recursive: true, mode: 0o700 })
  const fresh = `${file}.new`
  yield* fs.writeFileString(
    fresh,
    stringify({ ...registry, plugins: entries("plugins"), providers: entries("providers") })
  )
  yield* fs.rename(fresh, file)
  return missing.map(({ name }) => name)
})
