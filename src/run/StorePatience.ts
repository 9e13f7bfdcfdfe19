/**
 * A store that is full or away for the moment stops a run where it is, with nothing lost: the write is tried again, every
 * five seconds at last, until it succeeds or the run is cancelled. Whoever waits is known meanwhile, and the log has the
 * beginning and the end of it. A damaged journal or another writer is never waited out.
 */
import { Clock, Context, DateTime, Effect, Schedule } from "effect"
import { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"

export interface StoreWait {
  readonly failure: SessionStoreFailed
  /** Epoch milliseconds of the first refusal. */
  readonly since: number
}

/** Hears that a write waits, and with undefined that it no longer does. */
const StoreWaiting = Context.Reference<(wait: StoreWait | undefined) => void>("animus/run/StoreWaiting", {
  defaultValue: () => () => {}
})

/** Who waits for the store, by the name under which it was followed. */
export class StoreWaits {
  readonly #waits = new Map<string, StoreWait>()

  follow<A, E, R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, StoreWaiting, (wait) => {
      if (wait === undefined) this.#waits.delete(name)
      else this.#waits.set(name, wait)
    })
  }

  list(): ReadonlyArray<readonly [name: string, wait: StoreWait]> {
    return [...this.#waits]
  }
}

/** As an operator reads it, of a run or of the queue. */
export const describeWait = ({ failure, since }: StoreWait): string =>
  `waits for the store since ${DateTime.formatIso(DateTime.makeUnsafe(since))}: ${failure.trouble}. ` +
  (failure.reason._tag === "StoreFull"
    ? "Free some space there: it goes on by itself within seconds, and nothing is lost"
    : "It goes on by itself once that is mended, and nothing is lost")

const mayPass = (error: unknown): error is SessionStoreFailed =>
  error instanceof SessionStoreFailed && (error.reason._tag === "StoreFull" || error.reason._tag === "StoreUnreachable")

const FIRST = "250 millis"
const later = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("5 seconds")])

const untilItPasses = Effect.fnUntraced(function*<A, E, R>(write: Effect.Effect<A, E, R>, first: SessionStoreFailed) {
  const hear = yield* StoreWaiting
  const since = yield* Clock.currentTimeMillis
  const refused = (failure: SessionStoreFailed) => Effect.sync(() => hear({ failure, since }))
  const over = Effect.gen(function*() {
    hear(undefined)
    yield* Effect.logInfo(`no longer waiting for the store, after ${(yield* Clock.currentTimeMillis) - since} ms`)
  })
  yield* Effect.logWarning(`waiting for the store: ${first.trouble}`)
  yield* refused(first)
  return yield* Effect.delay(
    Effect.retry(
      Effect.tapError(write, (error) => mayPass(error) ? refused(error) : Effect.void),
      { while: mayPass, schedule: later }
    ),
    FIRST
  ).pipe(Effect.ensuring(over))
})

export const patiently = <A, E extends { readonly message: string }, R>(
  write: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.catch(
    write,
    (error): Effect.Effect<A, E, R> => mayPass(error) ? untilItPasses(write, error) : Effect.fail(error)
  )
