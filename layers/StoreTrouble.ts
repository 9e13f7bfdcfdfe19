/** What goes wrong with a folder of plugins, in an operator's words. */
import * as Path from "node:path"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { codeOf, isFull } from "./DurableFile.ts"

export const wordsOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

export const orWhenMissing = <A>(absent: A, found: Promise<A>): Promise<A> =>
  found.catch((cause: unknown) => codeOf(cause) === "ENOENT" ? absent : Promise.reject(cause))

export const noRoom = (path: string, detail = "no space is left on its disk") =>
  new StateFolderUnusable({
    what: "plugin store",
    path,
    detail,
    fix: `Free some there (df -h ${Path.dirname(path)} shows how much there is), then type the same again`
  })

export const unusable = (path: string) => (cause: unknown) =>
  isFull(cause) ? noRoom(path) : new StateFolderUnusable({
    what: "plugin store",
    path,
    detail: wordsOf(cause),
    fix: "Make it a folder this user may write, then type the same again"
  })
