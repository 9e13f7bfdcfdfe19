/**
 * What in a project's `.animus` folder can cause something to be executed, as one hash: names, executable bits, link
 * targets and bytes. State that lies beside it changes all the time and is not covered.
 */
import { Effect, FileSystem, Path } from "effect"
import { Digest } from "effect/crypto"
import { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"

const SINGLE_FILES = ["config.json", "plugins.yaml", "workflows.yaml"]

interface Found {
  /** Relative to the `.animus` folder. */
  readonly name: string
  readonly isLink: boolean
}

/** Of a folder that is not there, nothing. */
const entriesOf = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  return (yield* fs.exists(folder)) ? yield* fs.readDirectoryEntries(folder) : []
})

const walk: (root: string, folder: string) => Effect.Effect<
  ReadonlyArray<Found>,
  Effect.Error<ReturnType<typeof entriesOf>>,
  FileSystem.FileSystem | Path.Path
> = Effect.fnUntraced(function*(root, folder) {
  const path = yield* Path.Path
  const found = yield* Effect.forEach(yield* entriesOf(path.join(root, folder)), ({ name, type }) => {
    const inside = `${folder}/${name}`
    // A link is not walked into: what it may point to is inside, and found there.
    return type === "Directory"
      ? walk(root, inside)
      : Effect.succeed([{ name: inside, isLink: type === "SymbolicLink" }])
  })
  return found.flat()
})

const isOverlay = (name: string) => name.endsWith(".yaml") || name.endsWith(".yml")
const byName = (a: Found, b: Found) => a.name < b.name ? -1 : 1

const namesIn = Effect.fnUntraced(function*(root: string) {
  const path = yield* Path.Path
  const found = (yield* entriesOf(root))
    .filter(({ name }) => SINGLE_FILES.includes(name))
    .map(({ name, type }): Found => ({ name, isLink: type === "SymbolicLink" }))
  const overlays = (yield* entriesOf(path.join(root, "workflows")))
    .filter(({ name }) => isOverlay(name))
    .map(({ name, type }): Found => ({ name: `workflows/${name}`, isLink: type === "SymbolicLink" }))
  const plugins = yield* walk(root, "plugins")
  return [...found, ...overlays, ...plugins].toSorted(byName)
})

/** Where a link leads, or the refusal: what lies outside can change without the hash, and without a commit. */
const targetOf = Effect.fnUntraced(function*(root: string, { isLink, name }: Found) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (!isLink) return ""
  const file = path.join(root, name)
  const allowed = name.startsWith("plugins/") ? path.join(root, "plugins") : root
  const real = yield* Effect.orElseSucceed(fs.realPath(file), () => "")
  if (real.startsWith(allowed + path.sep)) return path.relative(root, real)
  return yield* new StateFolderUnusable({
    what: "project file",
    path: file,
    detail: `it is a link that leads out of ${allowed}, or nowhere`,
    fix: "What a link like this executes cannot be approved: put a copy in its place, or remove it"
  })
})

const lineOf = Effect.fnUntraced(function*(root: string, found: Found) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const digest = yield* Digest.Digest
  const target = yield* targetOf(root, found)
  const file = path.join(root, found.name)
  const { mode, type } = yield* fs.stat(file)
  // A pipe or a device is never opened: reading it may not end.
  const bytes = type === "File" ? yield* digest.digestHex(Digest.sha256, yield* fs.readFile(file)) : type
  return JSON.stringify([found.name, (mode & 0o111) !== 0, target, bytes])
})

export const executables = Effect.fn("TrustedFiles.executables")(function*(projectDir: string) {
  const fs = yield* FileSystem.FileSystem
  const digest = yield* Digest.Digest
  const root = (yield* fs.exists(projectDir)) ? yield* fs.realPath(projectDir) : projectDir
  const found = yield* namesIn(root)
  const lines = yield* Effect.forEach(found, (one) => lineOf(root, one))
  const hash = yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(lines.join("\n")))
  return { files: found.map(({ name }) => `.animus/${name}`), hash }
})
