/**
 * One daemon per store. The lock is an exclusive transaction on a small SQLite file: the kernel frees it the moment its holder
 * dies, however it dies. The file beside it only says who the holder is, for the message.
 */
import { Effect } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { DaemonAlreadyRunning, StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { isFull } from "./DurableFile.ts"

const SQLITE_BUSY = 5

/** Milliseconds; far more than one look at the lock takes, which must not keep a daemon from starting. */
const LOOK = 200

const isBusy = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "errcode" in cause && cause.errcode === SQLITE_BUSY

const holderOf = (file: string): string => {
  try {
    return Fs.readFileSync(file, "utf8").trim() || "of an unknown pid"
  } catch {
    return "of an unknown pid"
  }
}

const prepare = (folder: string) =>
  Effect.try({
    try: () => {
      Fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
      Fs.accessSync(folder, Fs.constants.R_OK | Fs.constants.W_OK | Fs.constants.X_OK)
    },
    catch: (cause) => unusable(folder, cause)
  })

const unusable = (path: string, cause: unknown) =>
  new StateFolderUnusable({
    path,
    detail: cause instanceof Error ? cause.message : String(cause),
    fix: isFull(cause)
      ? `Free some space there (df -h ${Path.dirname(path)} shows how much there is), then type the same again`
      : "Make it a folder this user may read and write, or set ANIMUS_CONFIG_DIR to another folder"
  })

const lock = (lockPath: string, holderPath: string, wait: number) =>
  Effect.try({
    try: () => {
      // Never opened by other means: closing any descriptor of a file drops the locks this process holds on it.
      const database = new DatabaseSync(lockPath, { timeout: wait })
      try {
        Fs.chmodSync(lockPath, 0o600)
        database.exec("BEGIN EXCLUSIVE")
        Fs.writeFileSync(holderPath, `pid ${process.pid}\n`, { mode: 0o600 })
      } catch (cause) {
        database.close()
        throw cause
      }
      return database
    },
    catch: (cause) =>
      isBusy(cause)
        ? new DaemonAlreadyRunning({ holder: holderOf(holderPath), lockPath })
        : unusable(lockPath, cause)
  })

const lockIn = (scopeDir: string): string => Path.join(scopeDir, "daemon", "daemon.lock")

/** `<folder>/<name>.lock`, held until the scope closes or the process ends. Waiting for it, in milliseconds, halts this process. */
export const acquireLock = Effect.fn("StoreLock.acquireLock")(function*(folder: string, name: string, wait: number) {
  const holderPath = Path.join(folder, `${name}.holder`)
  yield* prepare(folder)
  yield* Effect.acquireRelease(
    lock(Path.join(folder, `${name}.lock`), holderPath, wait),
    (database) =>
      Effect.sync(() => {
        Fs.rmSync(holderPath, { force: true })
        database.close()
      })
  )
})

export const acquireStoreLock = (scopeDir: string) => acquireLock(Path.join(scopeDir, "daemon"), "daemon", LOOK)

/** How things stand with the lock now. Changes nothing; a lock that is not there is free. */
export const lookAtLock = (lockPath: string): Effect.Effect<"held" | "free" | "unknown"> =>
  Effect.sync(() => {
    try {
      const database = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 })
      try {
        database.exec("SELECT count(*) FROM sqlite_schema")
        return "free"
      } finally {
        database.close()
      }
    } catch (cause) {
      if (isBusy(cause)) return "held"
      return Fs.existsSync(lockPath) ? "unknown" : "free"
    }
  })

/** Whether some daemon holds the store; what cannot be looked at is held by nobody. */
export const isStoreHeld = (scopeDir: string): Effect.Effect<boolean> =>
  Effect.map(lookAtLock(lockIn(scopeDir)), (found) => found === "held")

/** The daemon that holds the store, as it wrote itself down; undefined while none does. */
export const storeHolder = (scopeDir: string): Effect.Effect<string | undefined> =>
  Effect.map(
    isStoreHeld(scopeDir),
    (held) => held ? holderOf(Path.join(scopeDir, "daemon", "daemon.holder")) : undefined
  )
