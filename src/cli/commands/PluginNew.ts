import { Effect, FileSystem, Option, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { Installation } from "../Installation.ts"
import { succeed } from "../Output.ts"
import { scaffold, scaffoldLanguages } from "../scaffold/Scaffold.ts"
import { defaultName, scaffoldKinds } from "../scaffold/ScaffoldKinds.ts"

const isName = (name: string): boolean => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)

/** Nothing that is there is overwritten. */
const makeFolder = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const there = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
  if (there.length > 0) {
    return yield* new InvalidInput({ detail: `${folder} is not empty. Name another folder with --dir` })
  }
  yield* Effect.mapError(
    fs.makeDirectory(folder, { recursive: true }),
    ({ message }) => new InvalidInput({ detail: `${folder} cannot be made: ${message}` })
  )
})

export const pluginNew = Command.make("new", {
  kind: Flag.Literals("kind", scaffoldKinds).pipe(Flag.withDescription("What the plugin is to be")),
  name: Flag.String("name").pipe(Flag.optional, Flag.withDescription("In kebab-case; default: animus-KIND-example")),
  dir: Flag.String("dir").pipe(Flag.optional, Flag.withDescription("Its folder; default: one with its name, here")),
  lang: Flag.Literals("lang", scaffoldLanguages).pipe(
    Flag.withDefault("ts"),
    Flag.withDescription("ts rests on the SDK; js and python are one file that depends on nothing")
  )
}, ({ dir, kind, lang, name }) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { self: [, program = "."] } = yield* Installation
    const called = Option.getOrElse(name, () => defaultName(kind))
    if (!isName(called)) {
      return yield* new InvalidInput({ detail: `--name ${called} is not in kebab-case, such as animus-subject-notes` })
    }
    const given = Option.getOrElse(dir, () => called)
    const folder = path.resolve(given)
    yield* makeFolder(folder)
    const files = scaffold(kind, called, lang, path.dirname(path.dirname(program)))
    for (const { executable, name, text } of files) {
      yield* fs.writeFileString(path.join(folder, name), text, { mode: executable ? 0o755 : 0o644 })
    }
    yield* succeed({ name: called, kind, lang, folder, files: files.map(({ name }) => name) }, [
      ...files.map(({ name }) => `wrote ${path.join(given, name)}`),
      ...(lang === "ts" ? [`next: cd ${given} && npm install`] : []),
      `next: animus plugin test ${given}`
    ])
  })).pipe(Command.withDescription("Begin a plugin: a folder with one that works"))
