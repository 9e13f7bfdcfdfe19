/** Files that may be plugins, in the order of discovery, and why some places were not looked at. Nothing is executed here. */
import { Effect, FileSystem, Option, Path, Schema } from "effect"
import { parse } from "yaml"
import { ConfigInvalid } from "../../schemas/errors/DaemonErrors.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Trust } from "../project/Trust.ts"
import type { DiscoveryWarning, PluginSource } from "./Discovery.ts"

export interface Candidate {
  /** Known before the probe: the registry's name, or the file's. */
  readonly name: string
  /** What the registry calls it; the manifest cannot change that. */
  readonly explicitName: string | undefined
  readonly path: string
  readonly source: PluginSource
}

interface Found {
  readonly candidates: ReadonlyArray<Candidate>
  readonly warnings: ReadonlyArray<DiscoveryWarning>
}

const nothing: Found = { candidates: [], warnings: [] }

const Entries = Schema.Record(Schema.String, Schema.Struct({ binary: Schema.String }))
const Registry = Schema.Struct({ plugins: Schema.optionalKey(Entries), providers: Schema.optionalKey(Entries) })
const decodeRegistry = Schema.decodeUnknownEffect(Registry)

const warn = (name: string, path: string, source: PluginSource, reason: string): Found => ({
  candidates: [],
  warnings: [{ name, path, source, reason }]
})

const parseYaml = (path: string, text: string) =>
  Effect.try({
    try: (): unknown => parse(text) ?? {},
    catch: (cause) => new ConfigInvalid({ path, detail: String(cause) })
  })

const resolveBinary = Effect.fnUntraced(function*(binary: string) {
  const path = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  const { env } = yield* HostEnvironment
  if (binary.startsWith("~/")) return path.join(env["HOME"] ?? "", binary.slice(2))
  if (path.isAbsolute(binary)) return binary
  for (const folder of (env["PATH"] ?? "").split(":")) {
    const file = path.join(folder, binary)
    if (folder !== "" && (yield* Effect.orElseSucceed(fs.exists(file), () => false))) return file
  }
  return binary
})

const fromRegistry = Effect.fnUntraced(
  function*(file: string) {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* fs.exists(file))) return nothing
    const text = yield* fs.readFileString(file)
    const { plugins, providers } = yield* decodeRegistry(yield* parseYaml(file, text))
    const candidates = yield* Effect.forEach(
      Object.entries({ ...plugins, ...providers }),
      ([name, { binary }]) =>
        Effect.map(
          resolveBinary(binary),
          (path): Candidate => ({ name, explicitName: name, path, source: "explicit_config" })
        )
    )
    return { candidates, warnings: [] }
  },
  (effect, file) =>
    Effect.catch(effect, (error) =>
      Effect.succeed(
        warn("plugins.yaml", file, "explicit_config", `the registry cannot be read: ${error.message}. Mend the file`)
      ))
)

/** Executables named like plugins; a folder that is not there has none. */
const fromFolder = Effect.fnUntraced(function*(folder: string, source: PluginSource) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
  const candidates: Array<Candidate> = []
  const warnings: Array<DiscoveryWarning> = []
  for (const file of names.toSorted()) {
    if (!/^animus-(plugin|provider|subject)-/.test(file)) continue
    const name = file.replace(/\.[a-z]+$/, "")
    const full = path.join(folder, file)
    const info = yield* Effect.option(fs.stat(full))
    if (Option.isSome(info) && info.value.type === "File" && (info.value.mode & 0o111) !== 0) {
      candidates.push({ name, explicitName: undefined, path: full, source })
    } else warnings.push({ name, path: full, source, reason: "it is named like a plugin, but is no executable file" })
  }
  return { candidates, warnings }
})

const fromProject = Effect.gen(function*() {
  const { projectDir } = yield* ProjectScope
  const path = yield* Path.Path
  const trust = yield* Trust
  const folder = path.join(projectDir, "plugins")
  const found: Found = yield* fromFolder(folder, "project_local")
  if (found.candidates.length === 0) return nothing
  const trusted = yield* Effect.match(trust.status, { onSuccess: (status) => status.trusted, onFailure: () => false })
  if (trusted) return found
  const reason =
    "this project is not trusted as it stands, so nothing of it is executed. Read its .animus folder, then: animus trust"
  return {
    candidates: [],
    warnings: found.candidates.map(({ name, path, source }) => ({ name, path, source, reason }))
  }
})

export const findCandidates = Effect.gen(function*() {
  const { configDir } = yield* ProjectScope
  const { env } = yield* HostEnvironment
  const path = yield* Path.Path
  const pluginPath = (env["ANIMUS_PLUGIN_PATH"] ?? "").split(":").filter((folder) => folder !== "")
  const found: ReadonlyArray<Found> = yield* Effect.all([
    fromRegistry(path.join(configDir, "plugins.yaml")),
    fromProject,
    fromFolder(env["ANIMUS_PLUGIN_DIR"] ?? path.join(configDir, "plugins"), "user_dir"),
    ...pluginPath.map((folder) => fromFolder(folder, "plugin_path"))
  ])
  return {
    candidates: found.flatMap(({ candidates }) => candidates),
    warnings: found.flatMap(({ warnings }) => warnings)
  }
})
