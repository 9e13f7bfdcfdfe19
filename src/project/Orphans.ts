/**
 * What nobody looks after: what an earlier daemon of this scope left, and what outlived a plugin of this one. An earlier one's
 * is ended before anything new is started, while the scope's lock is held: then whatever bears our cookie and another
 * generation, or is told by an earlier daemon's records, belongs to a daemon that is gone.
 */
import { Effect } from "effect"
import { type Ended, endFamily, find } from "./EndProcesses.ts"
import { Kin, nameOf, type Relative, traceOf, type Traces } from "./Family.ts"
import { HostEnvironment } from "./HostEnvironment.ts"
import { ProcessRecords } from "./ProcessRecords.ts"
import { type ProcessRow, ProcessTable, type Sighting } from "./ProcessTable.ts"

export type { Relative } from "./Family.ts"

type Needs = ProcessTable | HostEnvironment

/** By an earlier daemon's records, or by the mark alone. */
const ofElders = (records: ReadonlyArray<Traces>, { cookie, generation }: HostEnvironment["Service"]) => {
  const elder = records.filter((traces) => traces.generation !== generation)
  return (seen: Sighting) => {
    for (const traces of elder) {
      const by = traceOf(traces, seen)
      if (by !== undefined) return { plugin: traces.plugin, by }
    }
    const mark = seen.mark()
    return mark?.cookie === cookie && mark.generation !== generation
      ? { plugin: mark.plugin, by: "its environment" as const }
      : undefined
  }
}

/** What earlier daemons of this scope left behind. */
const left = Effect.gen(function*(): Effect.fn.Return<Kin, never, HostEnvironment> {
  const records = yield* Effect.flatMap(ProcessRecords, ({ all }) => all)
  return new Kin(ofElders(records, yield* HostEnvironment))
})

/** The same, and what is left of this daemon's plugins whose own process is gone. */
export const orphans = Effect.gen(function*(): Effect.fn.Return<ReadonlyArray<Relative>, never, Needs> {
  const table = yield* ProcessTable
  const host = yield* HostEnvironment
  const records = yield* Effect.flatMap(ProcessRecords, ({ all }) => all)
  const headless = yield* Effect.filter(
    records.filter(({ generation }) => generation === host.generation),
    ({ pid, startTime }) => Effect.map(table.isStill({ pid, startTime, command: "" }), (alive) => !alive)
  )
  const elder = ofElders(records, host)
  return yield* find(
    new Kin((seen) => {
      for (const traces of headless) {
        const by = traceOf(traces, seen)
        if (by !== undefined) return { plugin: traces.plugin, by }
      }
      return elder(seen)
    })
  )
}).pipe(Effect.withSpan("Orphans.orphans"))

/** Nothing more to be known of those: what could not be ended stays on record. */
const forgetElders = Effect.fnUntraced(function*(survivors: ReadonlyArray<ProcessRow>) {
  const { generation } = yield* HostEnvironment
  const records = yield* ProcessRecords
  if (survivors.length > 0) return
  yield* Effect.forEach(
    (yield* records.all).filter((traces) => traces.generation !== generation),
    records.drop,
    { discard: true }
  )
})

export const sweepOrphans: Effect.Effect<Ended, never, Needs> = Effect.gen(function*() {
  const { ended, survivors } = yield* endFamily(yield* left)
  if (ended.length > 0) {
    yield* Effect.logWarning(`ended what an earlier daemon had left behind: ${ended.map(nameOf).join(", ")}`)
  }
  if (survivors.length > 0) {
    const pids = survivors.map(({ pid }) => pid).join(", ")
    yield* Effect.logError(`processes of an earlier daemon cannot be ended: ${pids}. Look at them before you go on`)
  }
  yield* forgetElders(survivors)
  return { ended, survivors }
}).pipe(Effect.withSpan("Orphans.sweepOrphans"))
