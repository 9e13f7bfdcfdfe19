/** What is kept in the store that the configuration names, and who holds it. Changes nothing, also while a daemon runs. */
import { Effect } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import type { StoreStatus } from "../src/cli/SessionStoreTools.ts"
import { DaemonConfig } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import type { IndexRow, SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"
import { attemptIfThere } from "./DurableFile.ts"
import * as SessionStores from "./SessionStores.ts"
import { storeHolder } from "./StoreLock.ts"

const PAGE = 1000

const countRuns = Effect.fnUntraced(function*(driver: SessionStoreDriver) {
  let count = 0
  let before: string | undefined
  do {
    const rows: ReadonlyArray<IndexRow> = yield* driver.rows({ statuses: undefined, limit: PAGE, before })
    count += rows.length
    before = rows.length < PAGE ? undefined : rows.at(-1)?.order
  } while (before !== undefined)
  return count
})

/** What goes away meanwhile, as files of a daemon do, counts nothing. */
const bytesIn = Effect.fnUntraced(function*(folder: string) {
  const names = yield* attemptIfThere("list", folder, () => Fs.readdir(folder, { recursive: true }))
  const sizes = yield* Effect.forEach(names ?? [], (name) => {
    const path = Path.join(folder, name)
    return attemptIfThere("look at", path, () => Fs.stat(path))
  }, { concurrency: 16 })
  return sizes.reduce((sum, stat) => sum + (stat?.isFile() === true ? stat.size : 0), 0)
})

export const status = Effect.gen(function*() {
  const settings = yield* DaemonConfig
  const store = settings.session_store
  const { scopeDir } = yield* ProjectScope
  const { folder, words }: { readonly folder?: string; readonly words?: string } = SessionStores.placeOf(
    store,
    settings,
    scopeDir
  )
  const location = folder ?? words
  const driver = yield* SessionStores.driverReadOnly(store, settings)
  const holder = yield* storeHolder(scopeDir)
  return {
    store,
    ...(location === undefined ? {} : { location }),
    ...(folder === undefined ? {} : { bytes: yield* bytesIn(folder) }),
    runs: yield* countRuns(driver),
    unfinished: (yield* driver.unfinished).length,
    unreadable: (yield* driver.unreadable).length,
    ...(holder === undefined ? {} : { held_by: holder })
  } satisfies StoreStatus
}).pipe(Effect.scoped, Effect.withSpan("SessionStoreStatus.status"))
