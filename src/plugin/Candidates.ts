/**
 * Files that may be plugins, in the order of discovery, and why some places were not looked at: the user's registry, what is
 * installed, the project, the user's folder, `$ANIMUS_PLUGIN_PATH`. Nothing is executed here.
 */
import { Effect, FileSystem, Option, Path } from "effect"
import type { LockedPlugin, PluginRelease } from "../../schemas/PluginLock.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Trust } from "../project/Trust.ts"
import { type DiscoveryWarning, LEDGER, type PluginSource, REGISTRY } from "./Discovery.ts"
import { registryEntries } from "./RegistryText.ts"

export interface Candidate {
  /** Known before the probe: the registry's name, or the file's. */
  readonly name: string
  /** What the registry calls it; the manifest cannot change that. */
  readonly explicitName: string | undefined
  readonly path: string
  readonly source: PluginSource
  /** Why it cannot be a plugin; it keeps its name all the same. */
  readonly broken?: string
  /** What the ledger lists of it. */
  readonly release?: LockedPlugin
}

interface Found {
  readonly candidates: ReadonlyArray<Candidate>
  readonly warnings: ReadonlyArray<DiscoveryWarning>
}

const nothing: Found = { candidates: [], warnings: [] }

const warn = (name: string, path: string, source: PluginSource, reason: string): Found => ({
  candidates: [],
  warnings: [{ name, path, source, reason }]
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
    const candidates = yield* Effect.forEach(
      yield* registryEntries(file, text),
      ([name, binary]) =>
        Effect.map(
          resolveBinary(binary),
          (path): Candidate => ({ name, explicitName: name, path, source: "explicit_config" })
        )
    )
    return { candidates, warnings: [] }
  },
  (effect, file) =>
    Effect.catch(effect, (error) => {
      const detail = error._tag === "ConfigInvalid" ? error.detail : error.message
      const reason =
        `the registry ${file} cannot be read: ${detail}. Mend it, then: animus daemon stop && animus daemon start`
      return Effect.succeed(warn(REGISTRY, file, "explicit_config", reason))
    })
)

/** Executables named like plugins; a folder that is not there has none. */
const fromFolder = Effect.fnUntraced(function*(folder: string, source: PluginSource) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
  const candidates: Array<Candidate> = []
  for (const file of names.toSorted()) {
    if (!/^animus-(plugin|provider|subject)-/.test(file)) continue
    const name = file.replace(/\.[a-z]+$/, "")
    const full = path.join(folder, file)
    const info = yield* Effect.option(fs.stat(full))
    const isProgram = Option.isSome(info) && info.value.type === "File" && (info.value.mode & 0o111) !== 0
    const broken = isProgram ? {} : { broken: "it is named like a plugin, but is no executable file" }
    candidates.push({ name, explicitName: undefined, path: full, source, ...broken })
  }
  return { candidates, warnings: [] }
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

/** The user's ledger; none of its plugins is there while it cannot be read. */
const fromLedger = Effect.gen(function*() {
  const { folderOf, ledger, ledgerPath } = yield* PluginStore
  const path = yield* Path.Path
  return yield* Effect.match(ledger, {
    onFailure: ({ message }) => warn(LEDGER, ledgerPath, "installed", message),
    onSuccess: ({ plugins }): Found => ({
      warnings: [],
      candidates: plugins.map((release) => ({
        name: release.name,
        explicitName: release.name,
        path: path.join(folderOf(release.artifact_sha256), release.entry),
        source: "installed",
        release
      }))
    })
  })
})

const sameFile = Effect.fnUntraced(function*(a: string, b: string) {
  if (a === b) return true
  const fs = yield* FileSystem.FileSystem
  const real = (path: string) => Effect.orElseSucceed(fs.realPath(path), () => path)
  return (yield* real(a)) === (yield* real(b))
})

/** The program on this machine that the stored copy is of. */
const originalOf = ({ entry, source, source_kind }: PluginRelease, { join }: Path.Path): string | undefined =>
  source_kind === "path" ? source : source_kind === "folder" ? join(source, entry) : undefined

/** A file that was installed from where it lies is that plugin: its stored copy is meant, under the name it has here. */
const asInstalled = Effect.fnUntraced(function*(candidate: Candidate, installed: ReadonlyArray<Candidate>) {
  const paths = yield* Path.Path
  for (const one of installed) {
    const source = one.release && originalOf(one.release, paths)
    const isIt = candidate.path === one.path || (source !== undefined && (yield* sameFile(candidate.path, source)))
    if (isIt && one.release !== undefined) return { ...candidate, path: one.path, release: one.release }
  }
  return candidate
})

export const findCandidates = Effect.gen(function*() {
  const { configDir } = yield* ProjectScope
  const { env } = yield* HostEnvironment
  const path = yield* Path.Path
  const pluginPath = (env["ANIMUS_PLUGIN_PATH"] ?? "").split(":").filter((folder) => folder !== "")
  const installed = yield* fromLedger
  const registered = yield* fromRegistry(path.join(configDir, REGISTRY))
  const elsewhere: ReadonlyArray<Found> = yield* Effect.all([
    fromProject,
    fromFolder(env["ANIMUS_PLUGIN_DIR"] ?? path.join(configDir, "plugins"), "user_dir"),
    ...pluginPath.map((folder) => fromFolder(folder, "plugin_path"))
  ])
  const match = (candidates: ReadonlyArray<Candidate>) =>
    Effect.forEach(
      candidates,
      (one) => one.source === "project_local" ? Effect.succeed(one) : asInstalled(one, installed.candidates)
    )
  const named = yield* match(registered.candidates)
  const taken = new Set(named.flatMap(({ release }) => release === undefined ? [] : [release.name]))
  // What is installed and lies in one of the folders, too, is listed already.
  const others = (yield* match(elsewhere.flatMap(({ candidates }) => candidates)))
    .filter(({ release }) => release === undefined)
  return {
    candidates: [...named, ...installed.candidates.filter(({ name }) => !taken.has(name)), ...others],
    warnings: [registered, installed, ...elsewhere].flatMap(({ warnings }) => warnings)
  }
})
