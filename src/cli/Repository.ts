/** A project is a git repository, or else the folder itself: nobody should get the second without being told. */
import { Effect, FileSystem, Option, Path } from "effect"
import { ProjectScope } from "../project/ProjectScope.ts"
import { ProjectRoot } from "./GlobalFlags.ts"

/** `command` is what to type again with the folder that was meant. Nothing to say when the folder was named. */
export const aboutRepository = Effect.fnUntraced(function*(command: string) {
  const { projectRoot } = yield* ProjectScope
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const repository = yield* fs.exists(path.join(projectRoot, ".git"))
  const named = Option.isSome(yield* ProjectRoot)
  const note = `${projectRoot} is in no git repository, so the project is this folder alone. ` +
    `Make it one with: git init; or name another: animus ${command} --project-root PATH`
  return { repository, lines: repository || named ? [] : [note] }
})
