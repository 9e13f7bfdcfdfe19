/** A project scope whose state lies in a folder of its own, gone with the scope. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { ProjectScope } from "../../src/project/ProjectScope.ts"

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "animus-store-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

export const scopeAt = (folder: string, configDir = folder) =>
  Layer.succeed(ProjectScope, {
    projectRoot: folder,
    projectDir: Path.join(folder, ".animus"),
    configDir,
    scopeDir: folder,
    socketPath: Path.join(folder, "control.sock")
  })

export const temporaryScope = Layer.unwrap(Effect.map(temporaryFolder, scopeAt))
