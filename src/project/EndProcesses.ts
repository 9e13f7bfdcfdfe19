/**
 * Ends processes that were seen before, however they are related: SIGTERM, two seconds of grace, SIGKILL, two more. Bounded:
 * what survives SIGKILL is in an uninterruptible system call, and is named, not waited for.
 */
import { Effect, Schedule } from "effect"
import { type ProcessRow, ProcessTable, type Signal } from "./ProcessTable.ts"

export interface Ended {
  readonly ended: ReadonlyArray<ProcessRow>
  readonly survivors: ReadonlyArray<ProcessRow>
}

const CHECKS = 40
const CHECK_EVERY = "50 millis"

const signalAll = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>, signal: Signal) {
  const table = yield* ProcessTable
  return yield* Effect.filter(rows, (row) => table.end(row, signal))
})

/** Those of `rows` that are still alive when all are gone or the grace is over. */
const awaitGone = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>) {
  const table = yield* ProcessTable
  const alive = Effect.filter(rows, (row) => table.isAlive(row.pid))
  return yield* Effect.repeat(alive, {
    schedule: Schedule.spaced(CHECK_EVERY).pipe(Schedule.upTo({ times: CHECKS })),
    while: (left) => left.length > 0
  }).pipe(Effect.andThen(alive))
})

/** A process may be found in several ways. */
export const distinct = (rows: ReadonlyArray<ProcessRow>): ReadonlyArray<ProcessRow> => [
  ...new Map(rows.map((row) => [`${row.pid}@${row.startTime}`, row])).values()
]

export const endProcesses = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>) {
  const asked = yield* signalAll(distinct(rows), "SIGTERM")
  const killed = yield* signalAll(yield* awaitGone(asked), "SIGKILL")
  const survivors = yield* awaitGone(killed)
  return { ended: asked.filter((row) => !survivors.includes(row)), survivors } satisfies Ended
})
