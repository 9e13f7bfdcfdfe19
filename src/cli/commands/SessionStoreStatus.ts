import { Effect } from "effect"
import { Command } from "effect/cli"
import { succeed } from "../Output.ts"
import { SessionStoreTools, type StoreStatus } from "../SessionStoreTools.ts"
import { fields } from "../Table.ts"

const linesOf = ({ bytes, held_by, location, runs, store, unfinished, unreadable }: StoreStatus) => {
  const damaged = unreadable === 0 ? "" : `, and ${unreadable} that cannot be read: animus workflow list`
  return fields([
    ["store", store],
    ["where", location ?? "in the memory of the daemon, and gone with it"],
    ["runs", `${runs}, ${unfinished} of them unfinished${damaged}`],
    ...(bytes === undefined ? [] : [["size", `${Math.ceil(bytes / 1024)} kB`] as const]),
    ["lock", held_by === undefined ? "free: no daemon runs" : `held by the daemon ${held_by}`]
  ])
}

export const sessionStoreStatus = Command.make("status", {}, () =>
  Effect.gen(function*() {
    const tools = yield* SessionStoreTools
    const status = yield* tools.status
    yield* succeed(status, linesOf(status))
  })).pipe(Command.withDescription("Say where the runs are kept, how many and how large, and who holds the store"))
