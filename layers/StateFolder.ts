/** A folder of the project's state, there after a power cut with every name above it that may have been made for it. */
import { Effect } from "effect"
import * as Path from "node:path"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { makeFolder, syncFolder } from "./DurableFile.ts"

/** `<scopeDir>/<name>`. Whoever made the scope's folder, and the one around it, may have died before they were durable. */
export const stateFolder = Effect.fnUntraced(function*(name: string) {
  const { configDir, scopeDir } = yield* ProjectScope
  const path = Path.join(scopeDir, name)
  yield* makeFolder(path)
  yield* syncFolder(Path.dirname(scopeDir), "folder")
  // Where we may not look we did not make anything either.
  yield* Effect.ignore(syncFolder(Path.dirname(configDir), "folder"))
  return path
})
