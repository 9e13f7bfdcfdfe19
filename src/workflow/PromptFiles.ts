/**
 * System prompts that stand in files of their own: inside the project, and never so long that nobody wrote them. Read before the
 * workflow files are compiled, which is pure: of the few files that name one, the names are looked for here.
 */
import { Effect, FileSystem, Path, Result } from "effect"
import { parseYaml } from "./ParseYaml.ts"
import { escapes } from "./Paths.ts"
import { entriesOf, fieldOf, textOf } from "./YamlTree.ts"

const LARGEST = 1024 * 1024

/** By the name that a workflow file gives it: the text, or why there is none. */
export type Prompts = ReadonlyMap<string, Result.Result<string, string>>

/** The names of all of them. */
const promptNames = (files: ReadonlyArray<{ readonly file: string; readonly text: string }>): ReadonlySet<string> =>
  new Set(
    files.filter(({ text }) => text.includes("system_prompt_file")).flatMap(({ file, text }) =>
      entriesOf(fieldOf(parseYaml(file, text, () => "").tree, "agents")).flatMap(({ value }) =>
        textOf(fieldOf(value, "system_prompt_file")) ?? []
      )
    )
  )

/** Links are followed before it is asked where they lead. */
const readPrompt = Effect.fnUntraced(function*(projectRoot: string, name: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (escapes(name)) return Result.fail("write a path relative to the project root, without ..")
  const root = yield* fs.realPath(projectRoot)
  const file = yield* fs.realPath(path.join(root, name))
  if (escapes(path.relative(root, file))) return Result.fail("it leads out of the project")
  const { size, type } = yield* fs.stat(file)
  if (type !== "File") return Result.fail("it is not a file")
  return Number(size) > LARGEST
    ? Result.fail(`it is larger than ${LARGEST} bytes`)
    : Result.succeed(yield* fs.readFileString(file))
}, Effect.catchTag("PlatformError", ({ message }) => Effect.succeed(Result.fail(message))))

export const readPrompts = Effect.fnUntraced(function*(
  projectRoot: string,
  files: ReadonlyArray<{ readonly file: string; readonly text: string }>
) {
  const prompts = new Map<string, Result.Result<string, string>>()
  for (const name of promptNames(files)) prompts.set(name, yield* readPrompt(projectRoot, name))
  return prompts
})
