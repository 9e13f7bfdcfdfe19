import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { Handover } from "../../src/rpc/Handover.ts"

const now = { startImmediately: true } as const

describe("Handover", () => {
  it.effect("loses nothing to a taker who is interrupted while he waits", () =>
    Effect.gen(function*() {
      const handover = new Handover<{ readonly n: number }>()
      const taker = yield* Effect.forkChild(handover.next, now)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(taker), now)
      assert.isTrue(handover.give({ n: 1 }))
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* handover.next, [{ n: 1 }])
    }))

  it.effect("ends after what was given, with the first word, for whoever comes later too", () =>
    Effect.gen(function*() {
      const handover = new Handover<{ readonly n: number }, string>()
      handover.give({ n: 1 })
      handover.end(Exit.fail("over"))
      handover.end(Exit.fail("twice"))
      assert.isFalse(handover.give({ n: 2 }))
      assert.deepStrictEqual(yield* handover.next, [{ n: 1 }])
      assert.strictEqual(yield* Effect.flip(handover.next), "over")
      assert.strictEqual(yield* Effect.flip(handover.next), "over")
    }))

  it.effect("gives back what nobody took, and wakes who waits", () =>
    Effect.gen(function*() {
      const handover = new Handover<{ readonly n: number }>()
      const first = { n: 1 }
      handover.give(first)
      handover.give({ n: 2 })
      handover.withdraw(first)
      assert.deepStrictEqual([handover.size, handover.abandon()], [1, [{ n: 2 }]])
      const waits = new Handover<{ readonly n: number }>()
      const taker = yield* Effect.forkChild(waits.next, now)
      waits.abandon()
      assert.isTrue(Exit.isFailure(yield* Fiber.await(taker)))
    }))
})
