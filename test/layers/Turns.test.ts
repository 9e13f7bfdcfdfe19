import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { Turns } from "../../layers/Turns.ts"

describe("turns", () => {
  it.effect("are one after the other for those who are alone, and together for those who share", () =>
    Effect.gen(function*() {
      const turns = new Turns()
      const gate = yield* Latch.make(false)
      const log: Array<string> = []
      const use = (who: string) =>
        Effect.andThen(
          Effect.sync(() => log.push(who)),
          Effect.andThen(gate.await, Effect.sync(() => log.push(`-${who}`)))
        )
      const fork = (effect: Effect.Effect<unknown>) => Effect.forkChild(effect, { startImmediately: true })
      const all = [
        yield* fork(turns.shared("a", use("one"))),
        yield* fork(turns.shared("a", use("two"))),
        yield* fork(turns.alone("a", use("three"))),
        yield* fork(turns.alone("b", use("other")))
      ]
      assert.deepStrictEqual(log, ["one", "two", "other"])
      yield* gate.open
      yield* Effect.forEach(all, Fiber.join)
      assert.deepStrictEqual(log.filter((line) => /three|-one|-two/.test(line)), ["-one", "-two", "three", "-three"])
    }))

  it.effect("are not kept up by who waited and left, nor cut short once begun", () =>
    Effect.gen(function*() {
      const turns = new Turns()
      const gate = yield* Latch.make(false)
      let ended = false
      const first = yield* Effect.forkChild(
        turns.alone("a", Effect.andThen(gate.await, Effect.sync(() => ended = true))),
        { startImmediately: true }
      )
      const gone = yield* Effect.forkChild(turns.alone("a", Effect.void), { startImmediately: true })
      yield* Fiber.interrupt(gone)
      const cut = yield* Effect.forkChild(Fiber.interrupt(first), { startImmediately: true })
      assert.isFalse(ended)
      yield* gate.open
      yield* Fiber.join(cut)
      assert.isTrue(ended)
      assert.strictEqual(yield* turns.alone("a", Effect.succeed("next")), "next")
    }))
})
