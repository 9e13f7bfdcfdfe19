/** Folders that hold a socket or state: this user's, open to nobody else. Checked before anything in them is believed. */
import { Effect, FileSystem, Option } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"

const GROUP_AND_OTHERS = 0o077
const WRITABLE_BY_OTHERS = 0o022

const unreadable = (path: string) => (error: PlatformError) =>
  new StateFolderUnusable({
    path,
    detail: error.reason._tag === "NotFound" ? "it does not exist" : error.message,
    fix: "Check that the path is a folder this user may read and write, or set ANIMUS_CONFIG_DIR to another folder"
  })

const check = Effect.fnUntraced(function*(path: string, forbidden: number, mode: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.mapError(fs.stat(path), unreadable(path))
  if (info.type !== "Directory") {
    const fix = `Move that ${info.type.toLowerCase()} away, or set ANIMUS_CONFIG_DIR to another folder`
    return yield* new StateFolderUnusable({ path, detail: "it is not a folder", fix })
  }
  const owner = Option.getOrUndefined(info.uid)
  const own = process.getuid?.()
  if (owner !== own) {
    const fix = "Set ANIMUS_CONFIG_DIR to a folder of your own, or give this one to the user who runs animus"
    return yield* new StateFolderUnusable({ path, detail: `it belongs to user ${owner}, not to user ${own}`, fix })
  }
  if ((info.mode & forbidden) !== 0) {
    const detail = `others can reach it (mode ${(info.mode & 0o777).toString(8).padStart(4, "0")})`
    return yield* new StateFolderUnusable({ path, detail, fix: `Close it with: chmod ${mode} ${path}` })
  }
})

/** 0700 and ours. */
export const requirePrivate = (path: string) => check(path, GROUP_AND_OTHERS, "700")

/** Ours, and nobody else can put or replace anything in it. */
export const requireOwn = (path: string) => check(path, WRITABLE_BY_OTHERS, "go-w")

/** What is created is 0700; what is there stays as it is. */
export const create = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(fs.makeDirectory(path, { recursive: true, mode: 0o700 }), unreadable(path))
})
