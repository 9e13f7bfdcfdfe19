/**
 * The file of a backlog. A save returns when the new content is on the disk under its name; after a failed one the old
 * content is still there. A file that cannot be read whole is refused and never written over.
 */
import { Effect, Schema } from "effect"
import * as Fs from "node:fs/promises"
import { dirname, join } from "node:path"
import { PluginFailure } from "../../src/sdk/Sdk.ts"
import { Backlog, emptyBacklog } from "./Model.ts"

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Backlog))
const encode = Schema.encodeEffect(Schema.fromJsonString(Backlog))

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

const unavailable = (message: string) => new PluginFailure({ category: "unavailable", message })

const attempt = <A>(what: string, path: string, work: () => Promise<A>): Effect.Effect<A, PluginFailure> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) =>
      unavailable(
        FULL.has(codeOf(cause))
          ? `no space left to ${what} ${path}: nothing was changed. Free some space and try again`
          : `cannot ${what} ${path}: ${
            cause instanceof Error ? cause.message : String(cause)
          }. Check that it can be read and written`
      )
  })

/** Names one content of the file: any save, also another program's, gives it a new one. */
const identity = (path: string) =>
  attempt("look at", path, async () => {
    const stat = await Fs.stat(path, { bigint: true }).catch((cause: unknown) => {
      if (codeOf(cause) === "ENOENT") return undefined
      throw cause
    })
    return stat === undefined ? "absent" : `${stat.ino}-${stat.mtimeNs}-${stat.size}`
  })

const load = (path: string) =>
  Effect.flatMap(
    attempt("read", path, () => Fs.readFile(path, "utf8")),
    (text) =>
      Effect.mapError(decode(text), (error) =>
        unavailable(
          `${path} is damaged and was left as it is: ${error.message}. ` +
            `Restore it from a copy, or move it away to begin with an empty backlog`
        ))
  )

const syncFolder = async (path: string) => {
  const folder = await Fs.open(path, "r")
  await folder.sync().finally(() => folder.close())
}

/** A folder that this program had to make is a folder that git should not see. */
const makeFolder = async (path: string) => {
  const first = await Fs.mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  await Fs.writeFile(join(path, ".gitignore"), "*\n")
  await syncFolder(dirname(first))
}

const write = async (path: string, text: string) => {
  const fresh = `${path}.tmp`
  try {
    const file = await Fs.open(fresh, "w", 0o600)
    await file.writeFile(text).then(() => file.sync()).finally(() => file.close())
  } catch (cause) {
    await Fs.rm(fresh, { force: true })
    throw cause
  }
  await Fs.rename(fresh, path)
  await syncFolder(dirname(path))
}

export const openBacklogFile = (path: string) => {
  let known: { readonly identity: string; readonly backlog: Backlog } = { identity: "absent", backlog: emptyBacklog }

  /** What the file holds now; read again only when someone else changed it. */
  const current = Effect.gen(function*() {
    const now = yield* identity(path)
    if (now !== known.identity) {
      known = { identity: now, backlog: now === "absent" ? emptyBacklog : yield* load(path) }
    }
    return known.backlog
  })

  const save = Effect.fnUntraced(
    function*(backlog: Backlog) {
      // What was decoded or built by this schema cannot but fit it.
      const text = yield* Effect.orDie(encode(backlog))
      yield* attempt("create the folder of", path, () => makeFolder(dirname(path)))
      yield* attempt("write", path, () => write(path, text))
      known = { identity: yield* identity(path), backlog }
    },
    // Once begun it ends: an answer "cancelled" must not leave the writer in the middle of a file.
    Effect.uninterruptible
  )

  return { current, save }
}
