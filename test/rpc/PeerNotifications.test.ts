import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Latch, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { make } from "../../src/rpc/JsonRpcPeer.ts"
import { connect, makeWire } from "./Wire.ts"

describe("notifications", () => {
  it.effect("come as one array a read, before the answer that follows them", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const seen: Array<string> = []
      const gate = yield* Latch.make(false)
      const peer = yield* make({
        ...wire.pipes,
        onNotifications: (batch) =>
          Effect.andThen(gate.await, Effect.sync(() => seen.push(batch.map(({ method }) => method).join())))
      })
      const call = yield* Effect.forkChild(Effect.tap(peer.request("a"), () => Effect.sync(() => seen.push("answer"))))
      yield* wire.take
      yield* wire.send({ method: "x" }, { method: "y" }, { id: 1, result: null }, { method: "z" })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(seen, [])
      yield* gate.open
      yield* Fiber.join(call)
      assert.deepStrictEqual(seen, ["x,y,z", "answer"])
    }))

  it.effect("hold the reader back: a burst of 100k never piles up before a slow owner, and none is lost", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const chunk = `${JSON.stringify({ jsonrpc: "2.0", method: "n" })}\n`.repeat(100)
      const pipe = yield* Queue.bounded<Uint8Array>(1)
      let pushed = 0
      let seen = 0
      let most = 0
      const done = yield* Deferred.make<void>()
      yield* make({
        read: Stream.fromQueue(pipe),
        write: wire.pipes.write,
        onNotifications: (batch) =>
          Effect.gen(function*() {
            most = Math.max(most, pushed - seen)
            for (let n = 0; n < 5; n++) yield* Effect.yieldNow
            seen += batch.length
            if (seen === 100_000) yield* Deferred.succeed(done, undefined)
          })
      })
      const bytes = new TextEncoder().encode(chunk)
      yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 1000 }),
          () => Effect.andThen(Queue.offer(pipe, bytes), Effect.sync(() => pushed += 100))
        )
      )
      yield* Deferred.await(done)
      assert.strictEqual(seen, 100_000)
      assert.isAtMost(most, 500)
    }))

  it.effect("that are no JSON-RPC are reported and skipped", () =>
    Effect.gen(function*() {
      const { batches, push, send, skipped } = yield* connect
      yield* push(
        "{\"level\":\"info\",\"method\":\"GET\"}\n{\"jsonrpc\":\"2.0\",\"method\":1}\n{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}\n"
      )
      yield* send({ method: "n" })
      assert.deepStrictEqual((yield* Queue.takeN(skipped, 3)).map(({ kind }) => kind), [
        "not-a-frame",
        "not-a-frame",
        "not-a-frame"
      ])
      assert.deepStrictEqual((yield* Queue.take(batches)).map(({ method }) => method), ["n"])
    }))
})
