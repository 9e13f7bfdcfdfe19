/** Folders to measure in, each with a state of its own, and gone afterwards. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { ProjectScope } from "../src/project/ProjectScope.ts"

export const scratchFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.realpathSync(Fs.mkdtempSync(Path.join(Os.tmpdir(), "animus-bench-")))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
)

/** For services that only ask where their files go. */
export const scratchScope = Layer.effect(
  ProjectScope,
  Effect.map(scratchFolder, (folder) => ({
    projectRoot: folder,
    projectDir: Path.join(folder, ".animus"),
    configDir: folder,
    scopeDir: folder,
    socketPath: Path.join(folder, "control.sock")
  }))
)
