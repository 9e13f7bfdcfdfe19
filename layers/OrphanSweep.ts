/**
 * Ends what an earlier daemon of this scope left behind, before anything new is started: every process that carries our
 * cookie and another generation, and what descends from it. Bounded: what survives SIGKILL is reported, not waited for.
 * To be run while the scope's lock is held: then whoever carries the cookie belongs to a daemon that is gone.
 */
import { Effect, Schedule } from "effect"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { type ProcessRow, ProcessTable, type Signal } from "../src/project/ProcessTable.ts"

export interface Sweep {
  readonly ended: ReadonlyArray<ProcessRow>
  /** Still there after SIGKILL: in an uninterruptible system call, as a rule. */
  readonly survivors: ReadonlyArray<ProcessRow>
}

/** Two seconds of grace after each signal. */
const CHECKS = 40
const CHECK_EVERY = "50 millis"

const identity = (row: ProcessRow) => `${row.pid}@${row.startTime}`

const leftovers = Effect.gen(function*() {
  const table = yield* ProcessTable
  const { cookie, generation } = yield* HostEnvironment
  const marked = (yield* table.carrying(cookie)).filter((row) => row.generation !== generation)
  const families = yield* Effect.forEach(marked, (row) => table.descendants(row.pid))
  const rows: ReadonlyArray<ProcessRow> = [...marked, ...families.flat()]
  return [...new Map(rows.map((row) => [identity(row), row])).values()]
})

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

export const sweepOrphans: Effect.Effect<Sweep, never, ProcessTable | HostEnvironment> = Effect.gen(function*() {
  const found = yield* leftovers
  if (found.length === 0) return { ended: [], survivors: [] }
  const asked = yield* signalAll(found, "SIGTERM")
  const killed = yield* signalAll(yield* awaitGone(asked), "SIGKILL")
  const survivors = yield* awaitGone(killed)
  const ended = asked.filter((row) => !survivors.includes(row))
  if (ended.length > 0) {
    const names = ended.map(({ command, pid }) => `${command} (${pid})`).join(", ")
    yield* Effect.logWarning(`ended what an earlier daemon had left behind: ${names}`)
  }
  if (survivors.length > 0) {
    const pids = survivors.map(({ pid }) => pid).join(", ")
    yield* Effect.logError(`processes of an earlier daemon cannot be ended: ${pids}. Look at them before you go on`)
  }
  return { ended, survivors }
}).pipe(Effect.withSpan("OrphanSweep.sweepOrphans"))
