/** A sleep until a time of day, on a machine that is suspended meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { reach } from "../../src/run/WallClock.ts"

const HOUR = 3_600_000

describe("a time of day", () => {
  it.effect("that came while the machine was suspended is noticed within a minute", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const timers: Array<number> = []
      let suspended = 0
      const suspending: Clock.Clock = {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + suspended,
        currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + suspended),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) =>
          Effect.sync(() => {
            timers.push(Duration.toMillis(duration))
            suspended += 3 * HOUR
          })
      }
      yield* Effect.provideService(reach(8 * HOUR), Clock.Clock, suspending)
      assert.deepStrictEqual(timers, [60_000, 60_000, 60_000])
    }))

  it.effect("is not passed early, however long it takes", () =>
    Effect.gen(function*() {
      const reached = yield* Effect.forkChild(reach(90_000))
      yield* TestClock.adjust("89 seconds")
      assert.isUndefined(reached.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isDefined(reached.pollUnsafe())
    }))
})
