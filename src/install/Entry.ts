/**
 * Which file of a folder is the plugin: what `animus-plugin.json` names as `entry`, else the one `bin` of `package.json`,
 * else the only executable whose name starts like a plugin's.
 */
import { Effect, FileSystem, Option, Path, Schema } from "effect"
import { InstallFailed } from "../../schemas/errors/InstallErrors.ts"

const MANIFEST = "animus-plugin.json"

const Manifest = Schema.fromJsonString(Schema.Struct({ entry: Schema.NonEmptyString }))
const Package = Schema.fromJsonString(Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  bin: Schema.optionalKey(Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.String)]))
}))

const notOne = (folder: string, detail: string) =>
  new InstallFailed({
    what: folder,
    detail,
    fix: `Name the program in ${MANIFEST} as {"entry": "bin/my-plugin"}, or as the one "bin" of package.json`
  })

const readAs = Effect.fnUntraced(function*<A>(folder: string, name: string, schema: Schema.Codec<A, string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, name)
  if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return undefined
  return yield* fs.readFileString(file).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    Effect.mapError(({ message }) => notOne(folder, `its ${name} cannot be read: ${message}`))
  )
})

const isPluginName = (name: string) => /^animus-(plugin|provider|subject)-/.test(name)

/** Of several programs, the one called like the package, or like a plugin. */
const binOf = (folder: string, { bin, name }: typeof Package.Type) => {
  if (typeof bin === "string") return Effect.succeed(bin)
  const all = Object.entries(bin ?? {})
  const [first, ...others] = all.length === 1 ? all : all.filter(([key]) => key === name?.split("/").at(-1))
  const [plugin, ...more] = all.filter(([key]) => isPluginName(key))
  const found = others.length === 0 && first !== undefined ? first : more.length === 0 ? plugin : undefined
  return found === undefined
    ? Effect.fail(notOne(folder, `its package.json names ${all.length} programs`))
    : Effect.succeed(found[1])
}

const onlyProgram = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const names = (yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])).filter(isPluginName)
  const [name] = names
  if (name !== undefined && names.length === 1) return name
  return yield* notOne(folder, "nothing in it says which file is the plugin")
})

/** Relative to the folder; the file is there, is inside, and is executable from then on. */
export const entryOf = Effect.fn("Entry.entryOf")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const manifest = yield* readAs(folder, MANIFEST, Manifest)
  const described = manifest === undefined ? yield* readAs(folder, "package.json", Package) : undefined
  const named = manifest?.entry ??
    (described?.bin === undefined ? yield* onlyProgram(folder) : yield* binOf(folder, described))
  const entry = path.normalize(named)
  const file = path.join(folder, entry)
  if (path.isAbsolute(entry) || entry.startsWith("..")) {
    return yield* notOne(folder, `its program ${named} lies outside`)
  }
  const info = yield* Effect.option(fs.stat(file))
  if (Option.isNone(info) || info.value.type !== "File") {
    return yield* notOne(folder, `its program ${named} is not there`)
  }
  yield* Effect.mapError(fs.chmod(file, info.value.mode | 0o111), ({ message }) => notOne(folder, message))
  return entry
})
