/** From the path a person types to the command line that starts the plugin: a program, a script, or a folder with one. */
import { Effect, FileSystem, Path } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { entryOf } from "../install/Entry.ts"
import { Installation } from "./Installation.ts"

type CommandLine = readonly [string, ...ReadonlyArray<string>]

const EXECUTABLE = 0o111

const unusable = (detail: string) => new InvalidInput({ detail })

/** For scripts that may not be executed as they stand. */
const interpreted = (file: string, node: string): CommandLine | undefined =>
  /\.(?:mjs|cjs|js|mts|ts)$/.test(file) ? [node, file] : file.endsWith(".py") ? ["python3", file] : undefined

const statOf = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.mapError(fs.stat(file), () => unusable(`there is no file or folder ${file}`))
})

export const pluginCommand = Effect.fnUntraced(function*(given: string) {
  const path = yield* Path.Path
  const { self: [node] } = yield* Installation
  const place = path.resolve(given)
  if ((yield* statOf(place)).type === "Directory") {
    const entry = yield* Effect.mapError(entryOf(place), ({ detail, fix }) => unusable(`${given}: ${detail}. ${fix}`))
    return [path.join(place, entry)] satisfies CommandLine
  }
  const { mode, type } = yield* statOf(place)
  if (type !== "File") return yield* unusable(`${given} is neither a file nor a folder`)
  if ((mode & EXECUTABLE) !== 0) return [place] satisfies CommandLine
  return interpreted(place, node) ?? (yield* unusable(`${given} is not executable. Try: chmod +x ${given}`))
})
