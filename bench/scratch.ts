/** Folders to measure in, each with a state of its own, and gone afterwards. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { ProjectScope } from "../src/project/ProjectScope.ts"

const scratchFolderIn = (parent: string) =>
  Effect.acquireRelease(
    Effect.sync(() => Fs.realpathSync(Fs.mkdtempSync(Path.join(parent, "animus-bench-")))),
    (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  )

export const scratchFolder = scratchFolderIn(Os.tmpdir())

const SHARED_MEMORY = "/dev/shm"

/** In memory where there is such a place: for very many files, of which making and removing takes longer than what is measured. */
export const scratchFolderInMemory = scratchFolderIn(Fs.existsSync(SHARED_MEMORY) ? SHARED_MEMORY : Os.tmpdir())

const scopeAt = (folder: string) => ({
  projectRoot: folder,
  projectDir: Path.join(folder, ".animus"),
  configDir: folder,
  scopeDir: folder,
  socketPath: Path.join(folder, "control.sock")
})

/** For services that only ask where their files go. */
export const scratchScope = Layer.effect(ProjectScope, Effect.map(scratchFolder, scopeAt))

export const scratchScopeInMemory = Layer.effect(ProjectScope, Effect.map(scratchFolderInMemory, scopeAt))
