/**
 * Which trees of a folder a living process may run something of. Each process that does has a lock and a list of its own
 * there; the kernel frees the lock the moment the process dies, and a list without its lock counts for nothing.
 */
import { Clock, Effect, Scope, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { acquireLock, lookAtLock } from "./StoreLock.ts"

const PREFIX = "holder-"
const LIST = ".trees"
const PARTS = [LIST, ".holder", ".lock", ".lock-journal"]
/** A lock is there for a moment before its list is. */
const YOUNG_MILLIS = 3_600_000

const orNothing = <A>(nothing: A, run: () => Promise<A>) => Effect.orElseSucceed(Effect.tryPromise(run), () => nothing)

const remove = (folder: string, name: string) =>
  Effect.forEach(PARTS, (part) => orNothing(undefined, () => Fs.rm(Path.join(folder, name + part), { force: true })), {
    discard: true
  })

/** What cannot be looked at may be alive. */
const isLiving = (folder: string, name: string) =>
  Effect.map(lookAtLock(Path.join(folder, `${name}.lock`)), (found) => found !== "free")

/** The list is last to come and first to go: without it a lock that nobody holds may be one that is being taken. */
const isOver = Effect.fnUntraced(function*(folder: string, name: string, listed: boolean) {
  if (yield* isLiving(folder, name)) return false
  if (listed) return true
  const made = yield* orNothing(0, async () => (await Fs.stat(Path.join(folder, `${name}.lock`))).mtimeMs)
  return (yield* Clock.currentTimeMillis) - made > YOUNG_MILLIS
})

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "")

export const makeHolds = Effect.fnUntraced(function*(folder: string) {
  const scope = yield* Effect.scope
  const turn = Semaphore.makeUnsafe(1)
  const name = PREFIX + randomUUID()
  const list = Path.join(folder, name + LIST)
  const own = new Set<string>()
  let begun = false

  const begin = Effect.addFinalizer(() => remove(folder, name)).pipe(
    Effect.andThen(acquireLock(folder, name, 0)),
    Scope.provide(scope)
  )

  /** From when this returns until the process ends. A disk that is full must keep nothing from being started. */
  const hold = Effect.fnUntraced(
    function*(tree: string) {
      if (own.has(tree)) return
      if (!begun) yield* begin
      begun = true
      yield* Effect.tryPromise(() => Fs.appendFile(list, `${tree}\n`, { mode: 0o600 }))
      own.add(tree)
    },
    Effect.catch(({ message }) =>
      Effect.logWarning(`${list} cannot be written, so that what runs may be swept: ${message}`)
    ),
    turn.withPermit
  )

  const names = Effect.map(
    orNothing([], () => Fs.readdir(folder)),
    (all) => all.filter((file) => file.startsWith(PREFIX))
  )

  const held = Effect.gen(function*() {
    const lists = (yield* names).filter((file) => file.endsWith(LIST))
    const trees = yield* Effect.forEach(lists, (file) => {
      const read = orNothing("", () => Fs.readFile(Path.join(folder, file), "utf8"))
      const living = isLiving(folder, file.slice(0, -LIST.length))
      return Effect.flatMap(living, (living) => living ? Effect.map(read, linesOf) : Effect.succeed([]))
    })
    return new Set(trees.flat())
  })

  /** What processes that are gone have left. */
  const clear = Effect.gen(function*() {
    const files = new Set(yield* names)
    const all = new Set([...files].map((file) => PREFIX + file.slice(PREFIX.length).replace(/\..*$/, "")))
    for (const one of all) {
      if (one !== name && (yield* isOver(folder, one, files.has(one + LIST)))) yield* remove(folder, one)
    }
  })

  return { hold, held, clear }
})
