import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { Outgoing } from "../../layers/Outgoing.ts"

const nothingMore = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit) && exit.cause.reasons.some((reason) => Cause.isFailReason(reason) && Cause.isDone(reason.error))

describe("a handover", () => {
  it.effect("gives what waits in its order, and each giver goes on when its own text is taken", () =>
    Effect.gen(function*() {
      const texts = new Outgoing()
      const first = yield* Effect.forkChild(texts.give("first"), { startImmediately: true })
      const second = yield* Effect.forkChild(texts.give("second"), { startImmediately: true })
      assert.deepStrictEqual(yield* texts.next, ["first"])
      assert.isTrue(yield* Fiber.join(first))
      assert.isUndefined(second.pollUnsafe())
      assert.deepStrictEqual(yield* texts.next, ["second"])
      assert.isTrue(yield* Fiber.join(second))
    }))

  it.effect("is taken by the one who waits before the giver goes on", () =>
    Effect.gen(function*() {
      const texts = new Outgoing()
      const taken: Array<string> = []
      const taker = Effect.forever(Effect.map(texts.next, ([text]) => taken.push(text)), { disableYield: true })
      yield* Effect.forkChild(taker, { startImmediately: true })
      assert.isTrue(yield* texts.give("a"))
      assert.deepStrictEqual(taken, ["a"])
      assert.isTrue(yield* texts.give("b"))
      assert.deepStrictEqual(taken, ["a", "b"])
    }))

  it.effect("takes a text back whose giver was interrupted", () =>
    Effect.gen(function*() {
      const texts = new Outgoing()
      const gone = yield* Effect.forkChild(texts.give("gone"), { startImmediately: true })
      yield* Effect.forkChild(texts.give("here"), { startImmediately: true })
      yield* Fiber.interrupt(gone)
      assert.deepStrictEqual(yield* texts.next, ["here"])
    }))

  it.effect("ends after what was given before, and takes nothing after", () =>
    Effect.gen(function*() {
      const texts = new Outgoing()
      const last = yield* Effect.forkChild(texts.give("last"), { startImmediately: true })
      texts.end()
      assert.isFalse(yield* texts.give("late"))
      assert.deepStrictEqual(yield* texts.next, ["last"])
      assert.isTrue(yield* Fiber.join(last))
      assert.isTrue(nothingMore(yield* Effect.exit(texts.next)))
    }))

  it.effect("tells both sides when it is abandoned", () =>
    Effect.gen(function*() {
      const left = new Outgoing()
      const giver = yield* Effect.forkChild(left.give("never"), { startImmediately: true })
      left.abandon()
      assert.isFalse(yield* Fiber.join(giver))
      const idle = new Outgoing()
      const taker = yield* Effect.forkChild(Effect.exit(idle.next), { startImmediately: true })
      idle.abandon()
      assert.isTrue(nothingMore(yield* Fiber.join(taker)))
    }))
})
