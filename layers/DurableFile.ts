/**
 * Files that are there after a power cut. Writing, syncing and truncating go through `Disk`, so that a test can have a
 * full or a failing one, or one whose power is cut; failures come out as `SessionStoreFailed` with the path.
 */
import { Context, Effect, Exit, Scope } from "effect"
import { constants, readFileSync } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { SessionStoreFailed, StoreFull, StoreUnreachable } from "../schemas/errors/RunErrors.ts"

/**
 * What a sync is for. Each of them is needed: with any one left out, a power cut loses something that was promised.
 *
 * - `append`: the lines of an append, before it returns
 * - `cut`: the end of a file that was shortened, before something else is written there
 * - `settle`: what a process wrote that died before it synced, before it is believed
 * - `content`: a file that replaces another, before it has that one's name
 * - `first`: a file that takes no other's place, beside its name
 * - `file`: the name of a file that is new, or that was replaced
 * - `folder`: the name of a folder that is new
 * - `removal`: that a name is gone, before what it stood for is
 *
 * For `append` and `content` nothing is left to do where the file was opened to `WRITE_THROUGH`.
 */
export type SyncPoint = "append" | "cut" | "settle" | "content" | "first" | "file" | "folder" | "removal"

export interface DiskOperations {
  readonly open: (path: string, flags: string | number) => Promise<Fs.FileHandle>
  /** Returns how many bytes were taken, which may be fewer than given. */
  readonly write: (file: Fs.FileHandle, bytes: Uint8Array, position: number) => Promise<number>
  readonly sync: (file: Fs.FileHandle, point: SyncPoint) => Promise<void>
  readonly syncFolder: (folder: Fs.FileHandle, point: SyncPoint) => Promise<void>
  readonly truncate: (file: Fs.FileHandle, length: number) => Promise<void>
  readonly rename: (from: string, to: string) => Promise<void>
  /** The content alone, without reading it where the file system can do without. */
  readonly copyFile: (from: string, to: string) => Promise<void>
  /** With all that is in it; what is not there is no error. */
  readonly remove: (path: string) => Promise<void>
  /** And those above it; answers the first that was made. */
  readonly makeFolder: (path: string) => Promise<string | undefined>
}

/**
 * A flag to open what is written in one piece: a write is on the disk when it returns, as if a sync had followed it, and the
 * kernel is asked once instead of twice. Zero where that is not sure.
 */
export const WRITE_THROUGH = process.platform === "linux" ? constants.O_DSYNC : 0

const WRITTEN_THROUGH: ReadonlySet<SyncPoint> = new Set(WRITE_THROUGH === 0 ? [] : ["append", "content"])

export const nodeDisk: DiskOperations = {
  open: (path, flags) => Fs.open(path, flags, 0o600),
  write: async (file, bytes, position) => (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
  sync: (file, point) => WRITTEN_THROUGH.has(point) ? Promise.resolve() : file.datasync(),
  syncFolder: (folder) => folder.sync(),
  truncate: (file, length) => file.truncate(length),
  rename: (from, to) => Fs.rename(from, to),
  copyFile: (from, to) => Fs.copyFile(from, to, Fs.constants.COPYFILE_FICLONE),
  remove: (path) => Fs.rm(path, { recursive: true, force: true }),
  makeFolder: (path) => Fs.mkdir(path, { recursive: true, mode: 0o700 })
}

export const Disk: Context.Reference<DiskOperations> = Context.Reference("animus/layers/Disk", {
  defaultValue: () => nodeDisk
})

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"])
const SQLITE_FULL = 13

export const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

/** For want of space, whoever says so: the system, SQLite, or one of the operations here. */
export const isFull = (cause: unknown): boolean => {
  if (cause instanceof SessionStoreFailed) return cause.reason._tag === "StoreFull"
  const isSqlite = typeof cause === "object" && cause !== null && "errcode" in cause
  return FULL.has(codeOf(cause)) || (isSqlite && cause.errcode === SQLITE_FULL)
}

const failed = (operation: string, path: string, cause: unknown) =>
  new SessionStoreFailed({
    reason: isFull(cause)
      ? new StoreFull({ path })
      : new StoreUnreachable({ operation, path, detail: cause instanceof Error ? cause.message : String(cause) })
  })

/** One operation on the file system; `operation` is the word the operator reads. */
export const attempt = <A>(operation: string, path: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => failed(operation, path, cause) })

/** The same for what may not be there: undefined then. */
export const attemptIfThere = <A>(operation: string, path: string, run: () => Promise<A>) =>
  attempt(operation, path, () =>
    run().catch((cause: unknown) => {
      if (codeOf(cause) === "ENOENT") return undefined
      throw cause
    }))

export const readIfThere = (path: string) => attemptIfThere("read", path, () => Fs.readFile(path))

/** The same, and nothing else happens meanwhile: for a start, which reads thousands of files before anybody is answered. */
export const readAtOnce = (path: string): Effect.Effect<Buffer | undefined, SessionStoreFailed> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(readFileSync(path))
    } catch (cause) {
      return codeOf(cause) === "ENOENT" ? Effect.undefined : Effect.fail(failed("read", path, cause))
    }
  })

export const openFile = (path: string, flags: string | number) =>
  Effect.acquireRelease(
    Effect.flatMap(Disk, (disk) => attempt("open", path, () => disk.open(path, flags))),
    // What matters was synced, and a failed sync was reported: closing has nothing to add.
    (file) => Effect.ignore(attempt("close", path, () => file.close()))
  )

/** For names that change often, until it is released. */
export interface OpenFolder {
  /** Makes its names (new files, renames, removals) survive a power cut. */
  readonly sync: (point: SyncPoint) => Effect.Effect<void, SessionStoreFailed>
  readonly release: Effect.Effect<void>
}

export const openFolder = Effect.fnUntraced(function*(path: string): Effect.fn.Return<OpenFolder, SessionStoreFailed> {
  const disk = yield* Disk
  const scope = yield* Scope.make()
  const folder = yield* Scope.provide(openFile(path, "r"), scope)
  return {
    sync: (point) => attempt("sync folder", path, () => disk.syncFolder(folder, point)),
    release: Scope.close(scope, Exit.void)
  }
})

export const syncFolder = (path: string, point: SyncPoint): Effect.Effect<void, SessionStoreFailed> =>
  Effect.acquireUseRelease(openFolder(path), ({ sync }) => sync(point), ({ release }) => release)

export const remove = (path: string) => Effect.flatMap(Disk, (disk) => attempt("remove", path, () => disk.remove(path)))

/** 0700. `syncName` makes its name durable, also when it was made by a process that died before it could. */
export const newFolder = Effect.fnUntraced(function*(path: string) {
  const disk = yield* Disk
  const made = yield* attempt("create folder", path, () => disk.makeFolder(path))
  const first = made ?? path
  const above: Array<string> = []
  for (let at = path; at.length >= first.length; at = Path.dirname(at)) above.push(Path.dirname(at))
  const syncName = Effect.forEach(above, (folder) => syncFolder(folder, "folder"), { discard: true })
  return { isNew: made !== undefined, syncName }
})

/** The same, with its name made durable. */
export const makeFolder = (path: string) => Effect.flatMap(newFolder(path), ({ syncName }) => syncName)

/** The same, but only the first time that it succeeds. */
export const folderOnce = (path: string): Effect.Effect<void, SessionStoreFailed> => {
  let made = false
  return Effect.suspend(() => made ? Effect.void : Effect.tap(makeFolder(path), () => Effect.sync(() => made = true)))
}

const settled = (sync: "sync" | "syncFolder") => (path: string) =>
  Effect.flatMap(Disk, (disk) =>
    attemptIfThere("sync", path, async () => {
      const there = await disk.open(path, "r")
      try {
        await disk[sync](there, "settle")
      } finally {
        await there.close()
      }
    }))

/** What a process left in a file that died before it synced: durable from now on, so that it may be believed. */
export const settle = settled("sync")
/** The same for the names in a folder. */
export const settleFolder = settled("syncFolder")
/** A file and its name. */
export const settleFile = (path: string) => Effect.andThen(settle(path), settleFolder(Path.dirname(path)))

/** All of it, from `position` on, and then synced for `point`, if any. A write that takes nothing is a full disk. */
export const writeAll = (path: string, file: Fs.FileHandle, bytes: Uint8Array, position: number, point?: SyncPoint) =>
  Effect.flatMap(Disk, (disk) => {
    let operation = "write"
    return Effect.tryPromise({
      try: async () => {
        for (let written = 0; written < bytes.length;) {
          const taken = await disk.write(file, written === 0 ? bytes : bytes.subarray(written), position + written)
          if (taken === 0) throw Object.assign(new Error("nothing was taken"), { code: "ENOSPC" })
          written += taken
        }
        operation = "sync"
        if (point !== undefined) await disk.sync(file, point)
      },
      catch: (cause) => failed(operation, path, cause)
    })
  })

interface Put {
  /** Further flags to write it with. */
  readonly flags: number
  /** What makes the content durable before it has its name. */
  readonly point?: SyncPoint
  /** What makes it durable once it has. */
  readonly kept: (file: Fs.FileHandle) => Effect.Effect<void, SessionStoreFailed>
}

/** Written beside the file whose name it then gets. */
const putFile = Effect.fnUntraced(
  function*(path: string, content: string, { flags, kept, point }: Put) {
    const disk = yield* Disk
    const fresh = `${path}.tmp`
    const file = yield* openFile(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | flags)
    yield* writeAll(fresh, file, Buffer.from(content), 0, point).pipe(
      Effect.onError(() => Effect.ignore(remove(fresh)))
    )
    yield* attempt("rename", path, () => disk.rename(fresh, path))
    yield* kept(file)
  },
  Effect.scoped,
  Effect.uninterruptible
)

/** Replaces a file whole: a reader sees the old content or the new one, also after a crash. `syncNames` is of its folder. */
export const replaceFile = (
  path: string,
  content: string,
  syncNames: Effect.Effect<void, SessionStoreFailed> = syncFolder(Path.dirname(path), "file")
) => putFile(path, content, { flags: WRITE_THROUGH, point: "content", kept: () => syncNames })

/** Of what was never synced a power cut leaves whole ones. */
export const SECTOR = 512

/**
 * A file that is not there yet: its content and its name wait for one flush instead of two. A power cut before this returned may
 * leave what `isTorn` of it.
 */
export const firstFile = (path: string, content: string, syncNames: Effect.Effect<void, SessionStoreFailed>) => {
  const synced = (file: Fs.FileHandle) =>
    Effect.flatMap(Disk, (disk) => attempt("sync", path, () => disk.sync(file, "first")))
  const kept = (file: Fs.FileHandle) =>
    Effect.all([synced(file), syncNames], { concurrency: 2, discard: true }).pipe(
      Effect.onError(() => Effect.ignore(remove(path)))
    )
  return putFile(path, content, { flags: 0, kept })
}

/** Whether this can be what a power cut left of a first file: nothing, whole sectors of it, or holes. */
export const isTorn = (content: Buffer): boolean => content.length % SECTOR === 0 || content.includes(0)
