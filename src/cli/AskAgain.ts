/** Questions to a daemon that may be dying. Commands are not asked again: the first may have been obeyed. */
import { Effect, Schedule } from "effect"
import { isConnectionLost } from "../control/ClientLink.ts"

/** A daemon that dies with the question in its pipe is gone in a moment, and the next look says so. */
export const askAgain = <A, E, R>(question: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(question, { while: isConnectionLost, times: 40, schedule: Schedule.spaced("50 millis") })
