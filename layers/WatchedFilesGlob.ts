/** Patterns as Node's glob reads them, below the project root and never outside it; `.git` and `node_modules` are not looked into. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { type NewestFile, WatchedFiles } from "../src/trigger/WatchedFiles.ts"

/** More files than this are a pattern that was not meant. */
const MOST = 50_000

const newestIn = async (root: string, patterns: ReadonlyArray<string>, ignore: ReadonlyArray<string>) => {
  let newest: NewestFile | undefined
  let seen = 0
  const exclude = ["**/.git", "**/node_modules", ...ignore]
  for await (const path of Fs.glob([...patterns], { cwd: root, exclude })) {
    if (++seen > MOST) break
    const whole = Path.resolve(root, path)
    if (Path.relative(root, whole).startsWith("..")) continue
    const found = await Fs.stat(whole).catch(() => undefined)
    if (found === undefined || !found.isFile()) continue
    const changed = Math.floor(found.mtimeMs / 1000)
    if (newest === undefined || changed > newest.changed) newest = { path, changed }
  }
  return newest
}

export const layer = Layer.effect(
  WatchedFiles,
  Effect.map(ProjectScope, ({ projectRoot }) =>
    WatchedFiles.of({
      newest: (patterns, ignore) =>
        Effect.tryPromise(() => newestIn(projectRoot, patterns, ignore)).pipe(
          Effect.timeout("30 seconds"),
          Effect.catch((error) =>
            Effect.as(Effect.logWarning(`watched files cannot be listed: ${String(error)}`), undefined)
          )
        )
    }))
)
