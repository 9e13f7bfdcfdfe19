/**
 * ProjectScope of the real machine. The project is `--project-root`, else the main checkout of the git repository around
 * the working folder, else that folder; its state lies in `~/.animus`, or `$ANIMUS_CONFIG_DIR`.
 */
import { Config, Effect, FileSystem, Layer, Option, Path } from "effect"
import { InvalidInput, StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import * as OwnFolder from "./OwnFolder.ts"
import { resolveScopeFolder } from "./ScopeFolder.ts"

export interface ScopeOptions {
  /** `--project-root`. */
  readonly projectRoot?: string | undefined
  readonly cwd: string
}

const readText = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file)).pipe(
    Effect.map((text) => text.trim()),
    Effect.option
  )

/** The main checkout behind one `.git` entry, or undefined when it is none of git's. Read, not asked: git costs 5 ms. */
const mainCheckout = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const entry = path.join(folder, ".git")
  if (yield* Effect.orElseSucceed(fs.exists(path.join(entry, "HEAD")), () => false)) return folder
  const link = yield* readText(entry)
  if (Option.isNone(link) || !link.value.startsWith("gitdir:")) return undefined
  const gitDir = path.resolve(folder, link.value.slice("gitdir:".length).trim())
  // A linked worktree names the repository it belongs to; a submodule does not, and is a project of its own.
  const common = yield* readText(path.join(gitDir, "commondir"))
  if (Option.isNone(common)) return folder
  const repository = path.resolve(gitDir, common.value)
  return path.basename(repository) === ".git" ? path.dirname(repository) : folder
})

const gitRoot = Effect.fnUntraced(function*(cwd: string) {
  const path = yield* Path.Path
  for (let folder = path.resolve(cwd);; folder = path.dirname(folder)) {
    const root = yield* mainCheckout(folder)
    if (root !== undefined) return root
    if (folder === path.dirname(folder)) return undefined
  }
})

const resolveRoot = Effect.fnUntraced(function*({ cwd, projectRoot }: ScopeOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = projectRoot === undefined ? (yield* gitRoot(cwd)) ?? cwd : path.resolve(cwd, projectRoot)
  if (projectRoot !== undefined) {
    const isFolder = yield* Effect.orElseSucceed(
      Effect.map(fs.stat(root), (info) => info.type === "Directory"),
      () => false
    )
    if (!isFolder) {
      return yield* new InvalidInput({ detail: `--project-root ${projectRoot} is not a folder. Name an existing one` })
    }
  }
  return yield* Effect.orElseSucceed(fs.realPath(root), () => root)
})

const variable = (name: string) =>
  Config.option(Config.NonEmptyString(name)).pipe(
    Effect.map(Option.getOrUndefined),
    // Only an empty variable fails here, and that counts as unset.
    Effect.orElseSucceed(() => undefined)
  )

/** Both folders, private and ours. Without a home the project's own `.animus` has to serve as both. */
const stateFolders = Effect.fnUntraced(function*(projectRoot: string, cwd: string) {
  const path = yield* Path.Path
  const home = yield* variable("HOME")
  const named = (yield* variable("ANIMUS_CONFIG_DIR")) ?? (home === undefined ? undefined : path.join(home, ".animus"))
  if (named === undefined) {
    const projectDir = path.join(projectRoot, ".animus")
    yield* OwnFolder.create(projectDir)
    yield* OwnFolder.requirePrivate(projectDir)
    return { configDir: projectDir, scopeDir: projectDir }
  }
  const configDir = path.resolve(cwd, named)
  yield* OwnFolder.create(configDir)
  yield* OwnFolder.requireOwn(configDir)
  const scopeDir = yield* Effect.mapError(
    resolveScopeFolder(configDir, projectRoot),
    (error) =>
      new StateFolderUnusable({
        path: configDir,
        detail: error.message,
        fix: "Check that this user may read and write the folder, or set ANIMUS_CONFIG_DIR to another one"
      })
  )
  yield* OwnFolder.requirePrivate(scopeDir)
  return { configDir, scopeDir }
})

export const layer = (options: ScopeOptions) =>
  Layer.effect(
    ProjectScope,
    Effect.gen(function*() {
      const path = yield* Path.Path
      const projectRoot = yield* resolveRoot(options)
      const { configDir, scopeDir } = yield* stateFolders(projectRoot, options.cwd)
      return {
        projectRoot,
        projectDir: path.join(projectRoot, ".animus"),
        configDir,
        scopeDir,
        socketPath: path.join(scopeDir, "control.sock")
      }
    })
  )
