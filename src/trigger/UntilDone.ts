/** What is tried until it succeeds, later each time, and told of once: it may take for ever, and cannot fail. */
import { Duration, Effect } from "effect"

const FIRST = Duration.millis(250)
const LONGEST = Duration.seconds(5)

/** `say` makes the line of the log from the first failure. */
export const untilDone = <A, R>(
  effect: Effect.Effect<A, { readonly message: string }, R>,
  say: (message: string) => string
): Effect.Effect<A, never, R> =>
  Effect.suspend(() => {
    let next: Duration.Duration | undefined
    const wait = Effect.fnUntraced(function*({ message }: { readonly message: string }) {
      const pause = next ?? FIRST
      if (next === undefined) yield* Effect.logError(say(message))
      next = Duration.min(Duration.times(pause, 2), LONGEST)
      yield* Effect.sleep(pause)
    })
    return Effect.eventually(Effect.tapError(effect, wait))
  })
