/**
 * An append-only file of lines. `append` is on the disk when it returns, or it failed and nothing of it can be read.
 * Appends that arrive while a sync is under way share the next one; different files never wait on each other.
 *
 * A failed write or sync is never repeated as if it could succeed (the kernel may have dropped the pages and will say
 * "done" the second time): the file is closed, opened again and truncated to the last byte that is known to be good.
 */
import { Deferred, Effect, Exit, Scope, Semaphore } from "effect"
import { constants } from "node:fs"
import type * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { SessionStoreFailed, StoreDamaged } from "../schemas/errors/RunErrors.ts"
import { attempt, Disk, openFile, readIfThere, settle, syncFolder, WRITE_THROUGH, writeAll } from "./DurableFile.ts"
import { scan, seal } from "./JournalLines.ts"

export interface JournalFile {
  readonly path: string
  /** Bytes that are known to be good: what a reader may believe. */
  readonly size: () => number
  /** Each line is a JSON object with at least one key, and holds no newline. All of them or, if this fails, none. */
  readonly append: (lines: ReadonlyArray<string>) => Effect.Effect<void, SessionStoreFailed>
  /** Gives the file handle back; the next append opens it again. */
  readonly release: Effect.Effect<void>
}

export interface JournalOptions {
  /** False for what may lose its last moment in a power cut; true when absent. */
  readonly durable?: boolean
  /** Makes the file's name durable; syncs its folder when absent. */
  readonly syncNames?: Effect.Effect<void, SessionStoreFailed>
}

const damaged = (path: string, line: number, detail: string) =>
  new SessionStoreFailed({ reason: new StoreDamaged({ path, line, detail }) })

/** The whole lines of the first `limit` bytes (all when absent). */
export const linesIn = Effect.fnUntraced(function*(path: string, bytes: Buffer, limit?: number) {
  const known = limit === undefined ? bytes : bytes.subarray(0, limit)
  const result = yield* Effect.mapError(
    Effect.fromResult(scan(known)),
    ({ detail, line }) => damaged(path, line, detail)
  )
  if (limit !== undefined && result.good < limit) {
    return yield* damaged(
      path,
      result.lines.length + 1,
      `${limit - result.good} bytes that were acknowledged are missing`
    )
  }
  return { ...result, size: bytes.length }
})

/** The same of a file; undefined when there is none. Changes nothing. */
export const readJournal = Effect.fnUntraced(function*(path: string, limit?: number) {
  const bytes = yield* readIfThere(path)
  return bytes === undefined ? undefined : yield* linesIn(path, bytes, limit)
})

interface Ticket {
  readonly bytes: Buffer
  readonly done: Deferred.Deferred<void, SessionStoreFailed>
}

/** The one open handle of a file, and what is known of its content. */
class Tail {
  readonly path: string
  readonly durable: boolean
  /** Until the name is durable. */
  syncNames: Effect.Effect<void, SessionStoreFailed> | undefined
  good: number
  /** There may be bytes after `good`. */
  suspect = true
  handle: { readonly file: Fs.FileHandle; readonly scope: Scope.Closeable; readonly size: number } | undefined

  constructor(path: string, good: number, { durable = true, syncNames }: JournalOptions) {
    this.path = path
    this.durable = durable
    this.syncNames = durable ? syncNames ?? syncFolder(Path.dirname(path), "file") : undefined
    this.good = good
  }
}

const closeTail = (tail: Tail) =>
  Effect.suspend(() => {
    const { handle } = tail
    tail.handle = undefined
    return handle === undefined ? Effect.void : Scope.close(handle.scope, Exit.void)
  })

/** Its size. Somebody shortened or replaced the file behind our back: going on would fill the gap with zeros. */
const requireGood = Effect.fnUntraced(function*({ good, path }: Tail, file: Fs.FileHandle) {
  const { size } = yield* attempt("look at", path, () => file.stat())
  return size < good ? yield* damaged(path, 1, `${good - size} bytes that were acknowledged are missing`) : size
})

/** Opens, and makes the disk agree with what we know before anything is added to it. */
const readyTail = Effect.fnUntraced(function*(tail: Tail) {
  const { path } = tail
  if (tail.handle === undefined) {
    const scope = yield* Scope.make()
    const flags = constants.O_RDWR | constants.O_CREAT | (tail.durable ? WRITE_THROUGH : 0)
    const open = Effect.flatMap(
      openFile(path, flags),
      (file) => Effect.map(requireGood(tail, file), (size) => ({ file, size }))
    )
    const opened = yield* Scope.provide(open, scope).pipe(Effect.onError(() => Scope.close(scope, Exit.void)))
    tail.handle = { ...opened, scope }
  }
  const { file, size } = tail.handle
  if (!tail.suspect) return file
  if (size > tail.good) yield* cut(tail, file)
  tail.suspect = false
  return file
})

const cut = Effect.fnUntraced(function*({ durable, good, path }: Tail, file: Fs.FileHandle) {
  const disk = yield* Disk
  yield* attempt("truncate", path, () => disk.truncate(file, good))
  if (durable) yield* attempt("sync", path, () => disk.sync(file, "cut"))
})

/** A new file's name is written beside its first lines: it takes one flush, as any append. */
const write = (tail: Tail, file: Fs.FileHandle, bytes: Buffer) =>
  Effect.suspend(() => {
    tail.suspect = true
    const { durable, good, path, syncNames } = tail
    const written = writeAll(path, file, bytes, good, durable ? "append" : undefined)
    const both = syncNames === undefined
      ? written
      : Effect.all([syncNames, written], { concurrency: 2, discard: true })
    return Effect.map(both, () => {
      tail.good += bytes.length
      tail.syncNames = undefined
      tail.suspect = false
    })
  })

const commit = (tail: Tail, bytes: Buffer) => {
  const { handle, suspect } = tail
  const committed = handle === undefined || suspect
    ? Effect.flatMap(readyTail(tail), (file) => write(tail, file, bytes))
    : write(tail, handle.file, bytes)
  return Effect.tapError(committed, () =>
    // At once, so that no reader meets the remains; if even that fails, the next append has to begin with it.
    Effect.andThen(closeTail(tail), Effect.ignore(readyTail(tail))))
}

/** A file whose first `good` bytes are known already, `0` for a new one. What lies behind them is cut before the first append. */
export const resumeJournal = (path: string, good: number, options: JournalOptions = {}): JournalFile => {
  const tail = new Tail(path, good, options)
  const turn = Semaphore.makeUnsafe(1)
  const waiting: Array<Ticket> = []

  const commitWaiting = Effect.suspend(() => {
    const group = waiting.splice(0)
    if (group.length === 0) return Effect.void
    const [only] = group
    const bytes = group.length === 1 && only !== undefined ? only.bytes : Buffer.concat(group.map(({ bytes }) => bytes))
    return commit(tail, bytes).pipe(
      Effect.exit,
      Effect.map((exit) => group.forEach((ticket) => Deferred.doneUnsafe(ticket.done, exit)))
    )
  })

  return {
    path,
    size: () => tail.good,
    append: (lines) =>
      Effect.suspend(() => {
        if (lines.length === 0) return Effect.void
        const done = Deferred.makeUnsafe<void, SessionStoreFailed>()
        waiting.push({ bytes: Buffer.from(lines.map(seal).join("")), done })
        return Effect.andThen(turn.withPermits(1)(commitWaiting), Deferred.await(done))
      }).pipe(Effect.uninterruptible),
    release: turn.withPermits(1)(closeTail(tail))
  }
}

/** Reads what is there; a torn tail is cut by the first append. */
export const loadJournal = Effect.fnUntraced(function*(path: string, options?: JournalOptions) {
  if (options?.durable !== false) yield* settle(path)
  const known = yield* readJournal(path)
  return { journal: resumeJournal(path, known?.good ?? 0, options), lines: known?.lines ?? [] }
})

/** The same, with the file handle given back at the end of the scope. */
export const openJournal = Effect.fnUntraced(function*(path: string, options?: JournalOptions) {
  const loaded = yield* loadJournal(path, options)
  yield* Effect.addFinalizer(() => loaded.journal.release)
  return loaded
})
