/** What programs once said of themselves, and nobody asks for any more: forgetting too much costs one question, nothing else. */
import { Clock, Effect, FileSystem, Option, Path } from "effect"
import { ProjectScope } from "../project/ProjectScope.ts"

const MONTH_MILLIS = 30 * 24 * 3_600_000

/** Those of trees that are `kept` stay; others, of projects for instance, a month. */
export const forgetManifests = Effect.fn("ForgetManifests.forgetManifests")(function*(kept: ReadonlySet<string>) {
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const { configDir } = yield* ProjectScope
  const folder = join(configDir, "cache", "manifests")
  const now = yield* Clock.currentTimeMillis
  const files = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
  const forgotten: Array<string> = []
  for (const file of files.filter((file) => !kept.has(file.replace(/\.json$/, "")))) {
    const at = Option.flatMap(yield* Effect.option(fs.stat(join(folder, file))), ({ mtime }) => mtime)
    if (Option.isNone(at) || now - at.value.getTime() < MONTH_MILLIS) continue
    yield* Effect.ignore(fs.remove(join(folder, file)))
    forgotten.push(file)
  }
  return forgotten
})
