/**
 * Ends what an earlier daemon of this scope left behind, before anything new is started: every process that carries our
 * cookie and another generation, and what descends from it. Bounded: what survives SIGKILL is reported, not waited for.
 */
import { Effect, Schedule } from "effect"
import { ProcessMark } from "./ProcessMark.ts"
import { type ProcessRow, ProcessTable } from "./ProcessTable.ts"

export interface Sweep {
  readonly ended: ReadonlyArray<ProcessRow>
  /** Still there after SIGKILL: in an uninterruptible system call, as a rule. */
  readonly survivors: ReadonlyArray<ProcessRow>
}

const GRACE_CHECKS = 40
const CHECK_EVERY = "50 millis"

const identity = (row: ProcessRow) => `${row.pid}@${row.startTime}`

const leftovers = Effect.gen(function*() {
  const table = yield* ProcessTable
  const { cookie, generation } = yield* ProcessMark
  const marked = (yield* table.carrying(cookie)).filter((row) => row.generation !== generation)
  const families = yield* Effect.forEach(marked, (row) => table.descendants(row.pid))
  const rows: ReadonlyArray<ProcessRow> = [...marked, ...families.flat()]
  return [...new Map(rows.map((row) => [identity(row), row])).values()]
})

const signalAll = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>, signal: "SIGTERM" | "SIGKILL") {
  const table = yield* ProcessTable
  return yield* Effect.filter(rows, (row) => table.end(row, signal))
})

/** Those of `rows` that are still alive when all are gone or the grace is over. */
const awaitGone = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>) {
  const table = yield* ProcessTable
  return yield* Effect.filter(rows, (row) => table.isAlive(row.pid)).pipe(
    Effect.repeat({
      schedule: Schedule.spaced(CHECK_EVERY).pipe(Schedule.upTo({ times: GRACE_CHECKS })),
      while: (alive) => alive.length > 0
    }),
    Effect.andThen(Effect.filter(rows, (row) => table.isAlive(row.pid)))
  )
})

export const sweepOrphans: Effect.Effect<Sweep, never, ProcessTable | ProcessMark> = Effect.gen(function*() {
  const found = yield* leftovers
  if (found.length === 0) return { ended: [], survivors: [] }
  const asked = yield* signalAll(found, "SIGTERM")
  const stubborn = yield* awaitGone(asked)
  const killed = yield* signalAll(stubborn, "SIGKILL")
  const survivors = yield* awaitGone(killed)
  yield* Effect.logWarning(`ended ${asked.length - survivors.length} processes that an earlier daemon left behind`)
  if (survivors.length > 0) {
    const pids = survivors.map((row) => row.pid).join(", ")
    yield* Effect.logError(`processes of an earlier daemon cannot be ended: ${pids}. Look at them before you go on`)
  }
  return { ended: asked.filter((row) => !survivors.includes(row)), survivors }
})
