/**
 * Ends what an earlier daemon of this scope left behind, before anything new is started: every process that carries our
 * cookie and another generation, and what descends from it. Bounded: what survives SIGKILL is reported, not waited for.
 * To be run while the scope's lock is held: then whoever carries the cookie belongs to a daemon that is gone.
 */
import { Effect } from "effect"
import { distinct, type Ended, endProcesses } from "./EndProcesses.ts"
import { HostEnvironment } from "./HostEnvironment.ts"
import { type ProcessRow, ProcessTable } from "./ProcessTable.ts"

/** What earlier daemons of this scope left behind. */
export const orphans = Effect.gen(function*(): Effect.fn.Return<
  ReadonlyArray<ProcessRow>,
  never,
  ProcessTable | HostEnvironment
> {
  const table = yield* ProcessTable
  const { cookie, generation } = yield* HostEnvironment
  const marked = (yield* table.carrying(cookie)).filter((row) => row.generation !== generation)
  const families = yield* Effect.forEach(marked, (row) => table.descendants(row.pid))
  return distinct([...marked, ...families.flat()])
})

export const sweepOrphans: Effect.Effect<Ended, never, ProcessTable | HostEnvironment> = Effect.gen(function*() {
  const { ended, survivors } = yield* endProcesses(yield* orphans)
  if (ended.length > 0) {
    const names = ended.map(({ command, pid }) => `${command} (${pid})`).join(", ")
    yield* Effect.logWarning(`ended what an earlier daemon had left behind: ${names}`)
  }
  if (survivors.length > 0) {
    const pids = survivors.map(({ pid }) => pid).join(", ")
    yield* Effect.logError(`processes of an earlier daemon cannot be ended: ${pids}. Look at them before you go on`)
  }
  return { ended, survivors }
}).pipe(Effect.withSpan("Orphans.sweepOrphans"))
