/**
 * The folder of a project's state: `<base>-<hash>` of its canonical path, or the folder of an earlier place of the same
 * clone, adopted under its old name. Resolve it, never recompute it.
 */
import { Config, Effect, FileSystem, Option, Path, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as Crypto from "node:crypto"

const PROJECT_ROOT = ".project-root"
const GIT_ORIGIN = ".git-origin"

/** ASCII letters and digits in lower case; runs of space, `_` and `-` become one `-`; everything else is dropped. */
export const scopeBase = (name: string): string =>
  name.replace(/[^A-Za-z0-9 _-]/g, "").replace(/[ _-]+/g, "-").replace(/^-|-$/g, "").toLowerCase() || "repo"

export const scopeName = (canonicalRoot: string): string => {
  const hash = Crypto.createHash("sha256").update(canonicalRoot, "utf8").digest("hex").slice(0, 12)
  return `${scopeBase(canonicalRoot.slice(canonicalRoot.lastIndexOf("/") + 1))}-${hash}`
}

/** Folders in which volumes are mounted: a path below them that is missing may come back. */
const holdsMounts = (path: string): boolean => /^\/(Volumes|mnt|media(\/[^/]+)?|run\/media(\/[^/]+)?)?$/.test(path)

const readMark = Effect.fnUntraced(function*(folder: string, mark: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return yield* fs.readFileString(path.join(folder, mark)).pipe(
    Effect.map((text) => text.trim()),
    Effect.orElseSucceed(() => "")
  )
})

/** Device and inode, or undefined when there is nothing, or nothing that can be looked at. */
const identity = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(
    Effect.map((info) => `${info.dev}:${Option.getOrUndefined(info.ino)}`),
    Effect.orElseSucceed(() => undefined)
  )
})

/** True only when the path is known to be gone: a volume that is not mounted now, or a folder we may not enter, is not. */
const isGone = Effect.fnUntraced(function*(missing: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const exists = (at: string) => Effect.orElseSucceed(fs.exists(at), () => true)
  if (yield* exists(missing)) return false
  let ancestor = path.dirname(missing)
  while (!(yield* exists(ancestor))) ancestor = path.dirname(ancestor)
  return !holdsMounts(ancestor)
})

const canAdopt = Effect.fnUntraced(function*(folder: string, root: string) {
  const recorded = yield* readMark(folder, PROJECT_ROOT)
  if (recorded === "") return true
  const there = yield* identity(recorded)
  return there === undefined ? yield* isGone(recorded) : there === (yield* identity(root))
})

/** `git remote get-url origin`; empty when there is no repository, no origin, or no git. */
const gitOrigin = Effect.fnUntraced(
  function*(root: string) {
    const path = yield* Path.Path
    const fs = yield* FileSystem.FileSystem
    if (!(yield* fs.exists(path.join(root, ".git")))) return ""
    const env = yield* Config.all({
      PATH: Config.withDefault(Config.String("PATH"), "/usr/bin:/bin"),
      HOME: Config.withDefault(Config.String("HOME"), "/")
    })
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const git = yield* spawner.spawn(ChildProcess.make("git", ["-C", root, "remote", "get-url", "origin"], {
      env: { ...env, LC_ALL: "C" },
      extendEnv: false,
      stdin: "ignore",
      stderr: "ignore",
      forceKillAfter: "1 second"
    }))
    const [output, exitCode] = yield* Effect.all([Stream.mkString(Stream.decodeText(git.stdout)), git.exitCode], {
      concurrency: "unbounded"
    })
    return Number(exitCode) === 0 ? output.trim() : ""
  },
  Effect.scoped,
  Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => Effect.succeed("") }),
  // A project without a reachable origin is an ordinary project: it only cannot be recognised after a move.
  Effect.orElseSucceed(() => "")
)

const findAdoptable = Effect.fnUntraced(function*(configDir: string, root: string, origin: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const name of (yield* fs.readDirectory(configDir)).toSorted()) {
    const folder = path.join(configDir, name)
    if ((yield* readMark(folder, GIT_ORIGIN)) === origin && (yield* canAdopt(folder, root))) return folder
  }
  return undefined
})

/** Marks the folder as this project's. A mark of another living clone is reported, then replaced: the hash says it is ours. */
const mark = Effect.fnUntraced(function*(folder: string, root: string) {
  const recorded = yield* readMark(folder, PROJECT_ROOT)
  if (recorded === root) return
  const there = recorded === "" ? undefined : yield* identity(recorded)
  if (there !== undefined && there !== (yield* identity(root))) {
    yield* Effect.logWarning(`state folder ${folder} was marked as that of ${recorded}; it is now that of ${root}`)
  }
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* fs.writeFileString(path.join(folder, PROJECT_ROOT), `${root}\n`)
})

/** The folder in use for the project, created and marked when this is its first time. */
export const resolveScopeFolder = Effect.fn("ScopeFolder.resolve")(function*(configDir: string, root: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const computed = path.join(configDir, scopeName(root))
  if (yield* fs.exists(computed)) {
    yield* mark(computed, root)
    return computed
  }
  const origin = yield* gitOrigin(root)
  const adopted = origin === "" ? undefined : yield* findAdoptable(configDir, root, origin)
  if (adopted !== undefined) {
    yield* mark(adopted, root)
    return adopted
  }
  yield* fs.makeDirectory(computed, { recursive: true, mode: 0o700 })
  yield* mark(computed, root)
  if (origin !== "") yield* fs.writeFileString(path.join(computed, GIT_ORIGIN), `${origin}\n`)
  return computed
})
