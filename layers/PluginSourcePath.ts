/** A plugin that lies on this machine: one program, or a folder that says which of its files is the program. */
import { Effect, FileSystem } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { InstallFailed } from "../schemas/errors/InstallErrors.ts"
import { entryOf } from "../src/install/Entry.ts"
import type { Fetched } from "../src/install/PluginSources.ts"
import { PluginStore } from "../src/lock/PluginStore.ts"

/** Beside the artefact, as cosign writes it. */
export const BUNDLE_SUFFIX = ".sigstore.json"

const kindOf = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const { mode, type } = yield* Effect.mapError(
    fs.stat(path),
    ({ message, reason }) =>
      new InstallFailed({
        what: path,
        detail: reason._tag === "NotFound" ? "there is no such file" : message,
        fix: "Name an executable, or a folder with one: animus plugin install --path PATH"
      })
  )
  if (type !== "File" || (mode & 0o111) !== 0) return type
  return yield* new InstallFailed({ what: path, detail: "it is not executable", fix: `Make it so: chmod +x ${path}` })
})

const signatureOf = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const bundle = yield* Effect.orElseSucceed(fs.readFileString(path + BUNDLE_SUFFIX), () => undefined)
  if (bundle === undefined) return {}
  const artifact = yield* Effect.tryPromise({
    try: () => Fs.readFile(path),
    catch: (cause) =>
      new InstallFailed({ what: path, detail: String(cause), fix: "Make it readable, then type the same again" })
  })
  return { signed: { artifact, bundle } }
})

export const fetchPath = Effect.fn("PluginSourcePath.fetch")(function*(path: string, folder: string) {
  const { copy } = yield* PluginStore
  const type = yield* kindOf(path)
  yield* copy(path, folder)
  if (type === "Directory") {
    return { source_kind: "folder", source: path, entry: yield* entryOf(folder), pinned: false } satisfies Fetched
  }
  const signed = yield* signatureOf(path)
  return { source_kind: "path", source: path, entry: Path.basename(path), pinned: false, ...signed } satisfies Fetched
})
