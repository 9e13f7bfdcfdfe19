/**
 * A store that is full or away for the moment stops a run where it is, with nothing lost: the write is tried again until
 * it succeeds or the run is cancelled. A damaged journal or another writer is never waited out.
 */
import { Effect, Schedule } from "effect"
import { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"

const mayPass = (error: unknown) => error instanceof SessionStoreFailed && error.reason._tag !== "StoreDamaged"

const schedule = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("30 seconds")])

export const patiently = <A, E extends { readonly message: string }, R>(
  write: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  write.pipe(
    Effect.tapError((error) =>
      mayPass(error) ? Effect.logWarning(`waiting for the store: ${error.message}`) : Effect.void
    ),
    Effect.retry({ while: mayPass, schedule })
  )
