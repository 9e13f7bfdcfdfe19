/**
 * Files that are there after a power cut. Writing, syncing and truncating go through `Disk`, so that a test can have a
 * full or a failing one; failures come out as `SessionStoreFailed` with the path.
 */
import { Context, Effect } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { SessionStoreFailed, StoreFull, StoreUnreachable } from "../schemas/errors/RunErrors.ts"

export interface DiskOperations {
  /** Returns how many bytes were taken, which may be fewer than given. */
  readonly write: (file: Fs.FileHandle, bytes: Uint8Array, position: number) => Promise<number>
  readonly sync: (file: Fs.FileHandle) => Promise<void>
  readonly truncate: (file: Fs.FileHandle, length: number) => Promise<void>
}

export const nodeDisk: DiskOperations = {
  write: async (file, bytes, position) => (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
  sync: (file) => file.datasync(),
  truncate: (file, length) => file.truncate(length)
}

export const Disk: Context.Reference<DiskOperations> = Context.Reference("animus/layers/Disk", {
  defaultValue: () => nodeDisk
})

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

const failed = (operation: string, path: string, cause: unknown) =>
  new SessionStoreFailed({
    reason: FULL.has(codeOf(cause))
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

export const openFile = (path: string, flags: string | number) =>
  Effect.acquireRelease(
    attempt("open", path, () => Fs.open(path, flags, 0o600)),
    // What matters was synced, and a failed sync was reported: closing has nothing to add.
    (file) => Effect.ignore(attempt("close", path, () => file.close()))
  )

/** Makes the names in a folder (new files, renames, removals) survive a power cut. */
export const syncFolder = (path: string) =>
  Effect.scoped(Effect.flatMap(openFile(path, "r"), (folder) => attempt("sync folder", path, () => folder.sync())))

/** 0700, with its own name made durable when it is new. */
export const makeFolder = Effect.fnUntraced(function*(path: string) {
  const first = yield* attempt("create folder", path, () => Fs.mkdir(path, { recursive: true, mode: 0o700 }))
  if (first !== undefined) yield* syncFolder(Path.dirname(first))
})

/** All of it, from `position` on; a write that takes nothing is a full disk. */
export const writeAll = Effect.fnUntraced(function*(
  path: string,
  file: Fs.FileHandle,
  bytes: Uint8Array,
  position: number
) {
  const disk = yield* Disk
  let written = 0
  while (written < bytes.length) {
    const rest = bytes.subarray(written)
    const taken = yield* attempt("write", path, () => disk.write(file, rest, position + written))
    if (taken === 0) return yield* new SessionStoreFailed({ reason: new StoreFull({ path }) })
    written += taken
  }
})

/** Replaces a file whole: a reader sees the old content or the new one, also after a crash. */
export const replaceFile = Effect.fnUntraced(
  function*(path: string, content: string) {
    const disk = yield* Disk
    const fresh = `${path}.tmp`
    const write = Effect.gen(function*() {
      const file = yield* openFile(fresh, "w")
      yield* writeAll(fresh, file, Buffer.from(content), 0)
      yield* attempt("sync", fresh, () => disk.sync(file))
    })
    yield* Effect.scoped(write).pipe(
      Effect.onError(() => Effect.ignore(attempt("remove", fresh, () => Fs.rm(fresh, { force: true }))))
    )
    yield* attempt("rename", path, () => Fs.rename(fresh, path))
    yield* syncFolder(Path.dirname(path))
  },
  Effect.uninterruptible
)
