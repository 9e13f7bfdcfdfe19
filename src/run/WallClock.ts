/** Waiting for a time of day: timers stand still while a machine is suspended, and clocks are set. */
import { Clock, Effect } from "effect"

/** How late it may be noticed that the time has come. */
const LOOK = 60_000

/** Returns at `until` (epoch ms), or within a minute of the machine being awake after it. */
export const reach = Effect.fnUntraced(function*(until: number) {
  while (true) {
    const left = until - (yield* Clock.currentTimeMillis)
    if (left <= 0) return
    yield* Effect.sleep(Math.min(left, LOOK))
  }
})
