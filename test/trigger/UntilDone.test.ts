import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import { untilDone } from "../../src/trigger/UntilDone.ts"

describe("untilDone", () => {
  it.effect("tries again after 0.25, 0.5, 1, 2, 4 and then every 5 seconds, and tells of it once", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      let tries = 0
      const write = Effect.suspend(() => ++tries < 9 ? Effect.fail({ message: `no ${tries}` }) : Effect.succeed("done"))
      // Assigned to its type: it has no failure left that anybody would have to do something about.
      const trying: Effect.Effect<string> = untilDone(write, (message) => `it waits: ${message}`)
      const fiber = yield* Effect.forkChild(
        Effect.provide(trying, Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])),
        { startImmediately: true }
      )
      for (const [at, pause] of [250, 500, 1000, 2000, 4000, 5000, 5000].entries()) {
        yield* TestClock.adjust(pause - 1)
        assert.strictEqual(tries, at + 1)
        yield* TestClock.adjust(1)
        assert.strictEqual(tries, at + 2)
      }
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "done")
      assert.deepStrictEqual(lines, ["it waits: no 1"])
    }))

  it.effect("is told of anew when it is run anew", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      let refuse = true
      const write = Effect.suspend(() => {
        refuse = !refuse
        return refuse ? Effect.void : Effect.fail({ message: "no" })
      })
      const trying = untilDone(write, (message) => message)
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      yield* Effect.forkChild(Effect.provide(Effect.andThen(trying, trying), logger), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lines, ["no", "no"])
    }))
})
