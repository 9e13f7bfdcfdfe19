import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import { makeFanout, type PluginFanout } from "../../src/plugin/PluginFanout.ts"

const batch = (at: number) => [{ method: "token", params: at }, { method: "other", params: at }]

const publish = (fanout: PluginFanout, count: number) =>
  Effect.forEach(Array.from({ length: count }, (_, at) => at), (at) => fanout.publish(batch(at), 50), { discard: true })

describe("the fan-out of one process", () => {
  it.effect("gives each owner its own share of a batch, in order", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      const tokens = yield* fanout.own(({ method }) => method === "token")
      const others = yield* fanout.own(({ method }) => method === "other")
      const all = yield* fanout.own(() => true)
      yield* publish(fanout, 3)
      yield* fanout.end(new ConnectionLost({ plugin: "demo", detail: "over" }))
      const methods = (owned: typeof all) =>
        owned.pipe(
          Stream.flattenIterable,
          Stream.map(({ method, params }) => `${method} ${params}`),
          Stream.catch(() => Stream.empty),
          Stream.runCollect
        )
      assert.deepStrictEqual(yield* methods(tokens), ["token 0", "token 1", "token 2"])
      assert.deepStrictEqual(yield* methods(others), ["other 0", "other 1", "other 2"])
      assert.strictEqual((yield* methods(all)).length, 6)
    }))

  it.effect("ends once, whoever comes later to end it or to own it", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      yield* fanout.end(new ConnectionLost({ plugin: "demo", detail: "it crashed" }))
      yield* fanout.end(new ConnectionLost({ plugin: "demo", detail: "this daemon stopped it" }))
      const late = yield* Effect.flatMap(fanout.own(() => true), Stream.runDrain).pipe(Effect.flip)
      assert.include(late.message, "it crashed")
    }))

  it.effect("takes in what a dead process left, but not all that a grandchild goes on writing", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      const owned = yield* fanout.own(() => true)
      yield* Effect.forkChild(publish(fanout, 100))
      yield* TestClock.adjust("1 minute")
      yield* fanout.drain
      const endless = yield* Effect.forkChild(publish(fanout, 10_000))
      const quiet = yield* Effect.forkChild(fanout.quiet)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(quiet)
      assert.isUndefined(endless.pollUnsafe())
      yield* fanout.end(new ConnectionLost({ plugin: "demo", detail: "over" }))
      let taken = 0
      yield* Effect.flip(Stream.runForEach(owned, () => Effect.sync(() => taken++)))
      assert.isAtLeast(taken, 256)
      assert.isBelow(taken, 400)
    }))

  it.effect("lets an owner be 64 reads behind and no more, however small they are", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      const owned = yield* fanout.own(() => true)
      const publishing = yield* Effect.forkChild(publish(fanout, 65), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(publishing.pollUnsafe(), "the 65th waits")
      yield* Stream.runDrain(Stream.take(owned, 1))
      yield* Fiber.join(publishing)
    }).pipe(Effect.scoped))

  const MIB = 1024 * 1024

  it.effect("lets an owner be 8 MiB behind and no more, but for one read that is larger by itself", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      const owned = yield* fanout.own(() => true)
      yield* fanout.publish(batch(0), 16 * MIB)
      const second = yield* Effect.forkChild(fanout.publish(batch(1), 1), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(second.pollUnsafe())
      yield* Stream.runDrain(Stream.take(owned, 1))
      yield* Fiber.join(second)
    }).pipe(Effect.scoped))

  it.effect("lets an observer be 8 MiB behind, of which it loses the oldest, and holds nobody up", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 256)
      const observed = yield* fanout.observe
      for (let at = 0; at < 10; at++) yield* fanout.publish(batch(at), 3 * MIB)
      yield* fanout.end(new ConnectionLost({ plugin: "demo", detail: "over" }))
      const seen = yield* Stream.runCollect(observed)
      assert.deepStrictEqual(seen.map(([first]) => first?.params), [8, 9])
    }).pipe(Effect.scoped))

  it.effect("an owner that comes while a batch is handed out has the next for its first", () =>
    Effect.gen(function*() {
      const fanout = makeFanout("demo", 4)
      const now = { startImmediately: true } as const
      const late: Array<unknown> = []
      const first = yield* fanout.own(() => true)
      const second = Effect.gen(function*() {
        const batches = yield* fanout.own(() => true)
        yield* Effect.forkScoped(
          Stream.runForEach(batches, (batch) => Effect.sync(() => void late.push(...batch))),
          now
        )
      })
      yield* Effect.forkScoped(Stream.runForEach(Stream.take(first, 1), () => second), now)
      yield* fanout.publish([{ method: "a", params: 1 }], 10)
      yield* fanout.publish([{ method: "b", params: 2 }], 10)
      assert.deepStrictEqual(late, [{ method: "b", params: 2 }])
    }))
})
