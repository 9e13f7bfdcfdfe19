/**
 * Ends a family, however it is related and whatever it does about it: SIGTERM and two seconds of grace; then whoever is left
 * is stopped as it is seen, again and again until a look finds nobody new, so that nobody is free to start another; then
 * SIGKILL; then it is looked whether that was all. Bounded: what survives SIGKILL is in an uninterruptible system call, and
 * is named, not waited for.
 */
import { Clock, Effect, Schedule } from "effect"
import { keyOf, type Kin, type Relative } from "./Family.ts"
import { type ProcessRow, ProcessTable, type Signal } from "./ProcessTable.ts"

export interface Ended {
  readonly ended: ReadonlyArray<ProcessRow>
  readonly survivors: ReadonlyArray<ProcessRow>
}

const CHECKS = 40
const CHECK_EVERY = "50 millis"
/** Looks in a row that find nobody new, though some were gone before they could be looked at. */
const QUIET = 4
/** The same once there is a family to be afraid for: on a busy machine somebody is too quick for every look. */
const QUIET_HUNT = 12
/** For one hunt; what goes on after it spawns faster than anybody can look. */
const HUNT_MILLIS = 5_000
const ROUNDS = 5
/** Asking is not hunting: who answers SIGTERM with a copy of itself would be asked for ever. */
const POLITE_LOOKS = 2

/** Those of `rows` that are still alive when all are gone or the grace is over. */
const awaitGone = Effect.fnUntraced(function*(rows: ReadonlyArray<ProcessRow>) {
  const table = yield* ProcessTable
  const alive = Effect.filter(rows, table.isStill)
  return yield* Effect.repeat(alive, {
    schedule: Schedule.spaced(CHECK_EVERY).pipe(Schedule.upTo({ times: CHECKS })),
    while: (left) => left.length > 0
  }).pipe(Effect.andThen(alive))
})

/** Everybody who belongs, met by the signal as it is seen. Looks until nobody new turns up, or so many times. */
export const find = Effect.fnUntraced(function*(kin: Kin, signal?: Signal, most = Infinity) {
  const table = yield* ProcessTable
  const found = new Map<string, ProcessRow>()
  const until = (yield* Clock.currentTimeMillis) + HUNT_MILLIS
  let quiet = 0
  const enough = signal === undefined ? QUIET : QUIET_HUNT
  for (let looks = 0; looks < most && quiet < enough && (yield* Clock.currentTimeMillis) < until; looks++) {
    const look = yield* table.look(kin.belongs, signal)
    const fresh = look.found.filter((row) => !found.has(keyOf(row)))
    for (const row of fresh) found.set(keyOf(row), row)
    // The first look that finds nobody is the last, unless somebody was too quick for it.
    quiet = fresh.length > 0 ? 0 : quiet + (look.missed === 0 ? enough : 1)
  }
  return kin.settle([...found.values()])
})

export const endFamily = Effect.fnUntraced(function*(kin: Kin) {
  const table = yield* ProcessTable
  const all = new Map<string, Relative>()
  const keep = (rows: ReadonlyArray<Relative>) => {
    for (const row of rows) all.set(keyOf(row), row)
    return rows
  }
  // All of them are known before the first is asked: a child tells nothing of its parent once that is gone.
  if (keep(yield* find(kin)).length === 0) return { ended: [], survivors: [] } satisfies Ended
  yield* awaitGone(keep(yield* find(kin, "SIGTERM", POLITE_LOOKS)))
  for (let round = 0; round < ROUNDS; round++) {
    const stopped = keep(yield* find(kin, "SIGSTOP"))
    if (stopped.length === 0) break
    yield* awaitGone(yield* Effect.filter(stopped, (row) => table.end(row, "SIGKILL")))
  }
  const survivors = yield* Effect.filter([...all.values()], table.isStill)
  return { ended: [...all.values()].filter((row) => !survivors.includes(row)), survivors } satisfies Ended
})
