import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Latch, Layer, Stream } from "effect"
import type { AgentOutput } from "../../schemas/control/AgentRpcs.ts"
import { type Delivery, Notifications } from "../../src/notify/Notifications.ts"

const said = (text: string): AgentOutput => ({
  workflow_id: "r",
  phase_id: "p",
  attempt: 1,
  session_id: "s",
  kind: "text",
  text
})

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => said(String(from + index)))

const texts = (deliveries: Iterable<Delivery<AgentOutput>>) =>
  [...deliveries].flatMap((delivery) =>
    delivery._tag === "Lagged" ? [`lost ${delivery.lost}`] : delivery.items.map((item) => item.text)
  )

const take = (stream: Stream.Stream<Delivery<AgentOutput>>, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(stream, count)), texts)

const small = Notifications.layerOf({ capacity: 4, bytes: 1_000_000 })

describe("Notifications", () => {
  it.effect("delivers to everyone who listens, in order, and to nobody what came before", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      yield* notifications.publish("agent", [said("early")])
      const first = yield* notifications.subscribe("agent")
      const second = yield* notifications.subscribe("agent")
      yield* notifications.publish("agent", [said("a"), said("b")])
      yield* notifications.publish("agent", [])
      yield* notifications.publish("agent", [said("c")])
      assert.deepStrictEqual(yield* take(first, 2), ["a", "b", "c"])
      assert.deepStrictEqual(yield* take(second, 2), ["a", "b", "c"])
    }).pipe(Effect.provide(Notifications.layer)))

  it.effect("a slow subscriber loses the oldest, and is told how many items before it gets later ones", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const slow = yield* notifications.subscribe("agent")
      for (let batch = 0; batch < 10; batch++) yield* notifications.publish("agent", numbered(batch * 2, 2))
      assert.deepStrictEqual(yield* take(slow, 3), ["lost 12", "12", "13", "14", "15"])
      for (let batch = 0; batch < 10; batch++) yield* notifications.publish("agent", numbered(100 + batch, 1))
      assert.deepStrictEqual(yield* take(slow, 2), ["lost 6", "106"])
    }).pipe(Effect.provide(small)))

  it.effect("a slow subscriber costs a quick one nothing", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const slow = yield* notifications.subscribe("agent")
      const quick = yield* notifications.subscribe("agent")
      const seen: Array<string> = []
      for (let batch = 0; batch < 10; batch++) {
        yield* notifications.publish("agent", numbered(batch, 1))
        seen.push(...(yield* take(quick, 1)))
      }
      assert.deepStrictEqual(seen, numbered(0, 10).map((item) => item.text))
      assert.deepStrictEqual(yield* take(slow, 2), ["lost 6", "6"])
    }).pipe(Effect.provide(small)))

  it.effect("bytes bound what is kept, but never the newest batch", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const slow = yield* notifications.subscribe("agent")
      const big = "x".repeat(400)
      for (let batch = 0; batch < 5; batch++) yield* notifications.publish("agent", [said(`${batch}${big}`)])
      const huge = "y".repeat(10_000)
      const kept = yield* take(slow, 3)
      assert.deepStrictEqual(kept, ["lost 3", `3${big}`, `4${big}`])
      yield* notifications.publish("agent", [said("gone")])
      yield* notifications.publish("agent", [said(huge)])
      assert.deepStrictEqual(yield* take(slow, 2), ["lost 1", huge])
    }).pipe(Effect.provide(Notifications.layerOf({ capacity: 100, bytes: 2400 }))))

  it.effect("a subscriber may ask for less than the topic keeps", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const modest = yield* notifications.subscribe("agent", { capacity: 1 })
      yield* Effect.forEach(numbered(0, 4), (item) => notifications.publish("agent", [item]))
      assert.deepStrictEqual(yield* take(modest, 2), ["lost 3", "3"])
    }).pipe(Effect.provide(small)))

  it.effect("whoever waits is woken", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const stream = yield* notifications.subscribe("agent")
      const waiting = yield* Latch.make()
      const fiber = yield* Effect.forkChild(Effect.andThen(waiting.open, take(stream, 1)))
      yield* waiting.await
      yield* Effect.yieldNow
      yield* notifications.publish("agent", [said("up")])
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["up"])
    }).pipe(Effect.provide(Notifications.layer)))

  it.effect("a subscriber that left costs nothing, and topics do not mix", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      yield* Effect.scoped(Effect.asVoid(notifications.subscribe("agent")))
      const daemon = yield* notifications.subscribe("daemon")
      for (let batch = 0; batch < 20; batch++) yield* notifications.publish("agent", numbered(batch, 1))
      yield* notifications.publish("daemon", [{ id: "1", occurred_at: "t", kind: "k", payload: null }])
      const [delivery] = yield* Stream.runCollect(Stream.take(daemon, 1))
      assert.strictEqual(delivery?._tag, "Items")
    }).pipe(Effect.provide(small)))

  it.effect("one batch reaches a hundred subscribers, none of which can hold up the producer", () =>
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const done = yield* Deferred.make<void>()
      let received = 0
      yield* Effect.forEach(Array.from({ length: 100 }), () =>
        Effect.gen(function*() {
          const stream = yield* notifications.subscribe("agent")
          const listen = Stream.runForEach(stream, (delivery) => {
            received += delivery._tag === "Items" ? delivery.items.length : 0
            return received === 100_000 ? Deferred.succeed(done, undefined) : Effect.void
          })
          yield* Effect.forkScoped(listen)
        }), { discard: true })
      for (let batch = 0; batch < 10; batch++) yield* notifications.publish("agent", numbered(0, 100))
      yield* Deferred.await(done)
      assert.strictEqual(received, 100_000)
    }).pipe(Effect.provide(Layer.fresh(Notifications.layer))))
})
