import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Option, Queue, Scope } from "effect"
import { TestClock } from "effect/testing"
import { make } from "../../src/rpc/JsonRpcPeer.ts"
import { PeerRefused } from "../../src/rpc/RpcError.ts"
import { connect, makeWire } from "./Wire.ts"

describe("requests", () => {
  it.effect("count ids from 1 and are answered out of order", () =>
    Effect.gen(function*() {
      const { peer, send, take } = yield* connect
      const first = yield* Effect.forkChild(peer.request("a", { x: 1 }), { startImmediately: true })
      const second = yield* Effect.forkChild(peer.request("b"), { startImmediately: true })
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: 1, method: "a", params: { x: 1 } })
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: 2, method: "b" })
      yield* send({ id: 2, result: "two" }, { id: 1, result: { one: [1] } })
      assert.strictEqual(yield* Fiber.join(second), "two")
      assert.deepStrictEqual(yield* Fiber.join(first), { one: [1] })
    }))

  it.effect("tell 1 from \"1\" and report answers to nothing", () =>
    Effect.gen(function*() {
      const { peer, send, skipped, take } = yield* connect
      const call = yield* Effect.forkChild(peer.request("a"))
      yield* take
      yield* send({ id: "1", result: "wrong" }, { id: 7, result: "never asked" }, {
        id: null,
        error: { code: -32700, message: "?" }
      })
      assert.deepStrictEqual((yield* Queue.takeN(skipped, 3)).map(({ kind }) => kind), [
        "stray-answer",
        "stray-answer",
        "stray-answer"
      ])
      yield* send({ id: 1, result: "right" }, { id: 1, result: "again" })
      assert.strictEqual(yield* Fiber.join(call), "right")
      assert.strictEqual(yield* Queue.size(skipped), 0)
    }))

  it.effect("are not asked any more by whoever hears of the end and asks again at once", () =>
    Effect.gen(function*() {
      const { end, peer } = yield* connect
      const ids: Array<number> = []
      const tags: Array<string> = []
      const ask = (): void =>
        void peer.ask("a", {}, { onId: (id) => ids.push(id) }, (exit) => {
          tags.push(
            Exit.isFailure(exit)
              ? Exit.findErrorOption(exit).pipe(Option.match({ onNone: () => "?", onSome: ({ _tag }) => _tag }))
              : "answered"
          )
          if (tags.length < 5) ask()
        })
      ask()
      yield* end
      yield* peer.closed
      yield* peer.read
      assert.deepStrictEqual(tags, Array(5).fill("PeerClosed"))
      assert.deepStrictEqual(ids, [1])
    }))

  it.effect("carry the other side's error, malformed ones too", () =>
    Effect.gen(function*() {
      const { peer, send, take } = yield* connect
      const calls = yield* Effect.forkChild(
        Effect.all([Effect.flip(peer.request("a")), Effect.flip(peer.request("b"))], { concurrency: 2 })
      )
      yield* take
      yield* take
      yield* send({ id: 1, error: { code: -32001, message: "no", data: { category: "not_supported" } } }, {
        id: 2,
        error: "boom"
      })
      const [refused, malformed] = yield* Fiber.join(calls)
      assert.deepStrictEqual(
        refused,
        new PeerRefused({ code: -32001, message: "no", data: { category: "not_supported" } })
      )
      assert.include(malformed.message, "boom")
    }))

  it.effect("read an answer without result, without newline, or spread over lines as what it is", () =>
    Effect.gen(function*() {
      const { peer, push, take } = yield* connect
      const calls = yield* Effect.forkChild(
        Effect.all([peer.request("a"), peer.request("b"), peer.request("c")], { concurrency: 3 })
      )
      for (let n = 0; n < 3; n++) yield* take
      yield* push(
        "booting...\n{\"jsonrpc\":\"2.0\",\"id\":1}\n{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 2,\n  \"result\": {\n    \"a\": 1\n  }\n}\nnoise {\n"
      )
      yield* push("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":3}")
      assert.deepStrictEqual(yield* Fiber.join(calls), [null, { a: 1 }, 3])
    }))

  it.effect("time out, cancel only where that is understood, and drop the late answer in silence", () =>
    Effect.gen(function*() {
      const { peer, send, skipped, take, taken } = yield* connect
      const plain = yield* Effect.forkChild(Effect.flip(peer.request("a", null, { timeout: "2 seconds" })))
      const polite = yield* Effect.forkChild(
        Effect.flip(peer.request("b", null, { timeout: "1 second", cancellable: true }))
      )
      yield* take
      yield* take
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* taken, 0)
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(polite), { _tag: "PeerTimedOut", method: "b", millis: 1000 })
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 2 } })
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(plain), { _tag: "PeerTimedOut", method: "a", millis: 2000 })
      yield* send({ id: 1, result: 1 }, { id: 2, result: 2 })
      const next = yield* Effect.forkChild(peer.request("c"))
      assert.deepInclude(yield* take, { method: "c" })
      yield* send({ id: 3, result: "c" })
      assert.strictEqual(yield* Fiber.join(next), "c")
      assert.strictEqual(yield* Queue.size(skipped), 0)
    }))

  it.effect("made by who was just answered have a deadline of their own", () =>
    Effect.gen(function*() {
      const { peer, send, take } = yield* connect
      const calls = yield* Effect.forkChild(
        Effect.andThen(
          peer.request("a", null, { timeout: "20 seconds" }),
          Effect.flip(peer.request("b", null, { timeout: "1 second" }))
        )
      )
      const { id } = yield* take
      yield* TestClock.adjust("10 seconds")
      yield* send({ id, result: 1 })
      yield* take
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(calls.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(calls), { _tag: "PeerTimedOut", method: "b" })
    }))

  it.effect("use the default deadline when they bring none", () =>
    Effect.gen(function*() {
      const { peer, take } = yield* connect
      const call = yield* Effect.forkChild(Effect.flip(peer.request("a")))
      yield* take
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(call))._tag, "PeerTimedOut")
    }))

  it.effect("cancel when their caller is interrupted", () =>
    Effect.gen(function*() {
      const { peer, take } = yield* connect
      const call = yield* Effect.forkChild(peer.request("a", {}, { cancellable: true }))
      yield* take
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 1 } })
    }))
})

describe("frames beyond the cap", () => {
  it.effect("are not sent, and fail the request they answer", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const peer = yield* make({ ...wire.pipes, maxFrameBytes: 1000 })
      const outgoing = yield* Effect.flip(peer.request("a", "é".repeat(500)))
      assert.deepInclude(outgoing, { _tag: "PeerFrameTooLarge", direction: "outgoing", limit: 1000 })
      const call = yield* Effect.forkChild(Effect.flip(peer.request("b")))
      const { id } = yield* wire.take
      yield* wire.send({ id, result: "x".repeat(1000) })
      assert.deepInclude(yield* Fiber.join(call), { _tag: "PeerFrameTooLarge", direction: "incoming" })
    }))

  it.effect("by their depth fail the request they answer too, at once and however they are written", () =>
    Effect.gen(function*() {
      const { peer, push, take } = yield* connect
      const deep = "[".repeat(600) + "]".repeat(600)
      const writers = [
        (id: number) => `{"jsonrpc":"2.0","id":${id},"result":${deep}}\n`,
        (id: number) => `{"id": ${id}, "jsonrpc": "2.0", "result": ${deep}}\n`,
        (id: number) => `{\n  "jsonrpc": "2.0",\n  "id": ${id},\n  "result": {\n    "a": ${deep}\n  }\n}\n`,
        (id: number) => `{"jsonrpc":"2.0","id":${id},"error":${deep}}`
      ]
      for (const [at, write] of writers.entries()) {
        const call = yield* Effect.forkChild(Effect.flip(peer.request("a")))
        yield* take
        yield* push(write(at + 1))
        assert.deepInclude(yield* Fiber.join(call), { _tag: "PeerFrameTooDeep", limit: 512 })
      }
    }))

  it.effect("leave a 15 MiB answer whole", () =>
    Effect.gen(function*() {
      const { peer, push, take } = yield* connect
      const call = yield* Effect.forkChild(peer.request("a"))
      yield* take
      const text = JSON.stringify({ jsonrpc: "2.0", id: 1, result: "x".repeat(15 * 1024 * 1024) }) + "\n"
      for (let at = 0; at < text.length; at += 65536) yield* push(text.slice(at, at + 65536))
      const result = yield* Fiber.join(call)
      assert.strictEqual(typeof result === "string" ? result.length : 0, 15 * 1024 * 1024)
    }))
})

describe("the end of the connection", () => {
  it.effect("fails everything open, then every later call at once", () =>
    Effect.gen(function*() {
      const { end, peer, take } = yield* connect
      // Whoever is woken by the loss and calls again must find the peer dead already.
      const again = yield* Effect.forkChild(Effect.flip(Effect.catch(peer.request("a"), () => peer.request("b"))))
      yield* take
      yield* end
      assert.deepInclude(yield* Fiber.join(again), { _tag: "PeerClosed", reason: "the other side ended it" })
      assert.strictEqual((yield* Effect.flip(peer.request("c")))._tag, "PeerClosed")
      assert.strictEqual((yield* Effect.flip(peer.notify("d")))._tag, "PeerClosed")
      assert.strictEqual((yield* peer.closed)._tag, "PeerClosed")
    }))

  it.effect("keeps what arrived before it, a last line without newline included", () =>
    Effect.gen(function*() {
      const { batches, end, peer, push, take } = yield* connect
      const call = yield* Effect.forkChild(peer.request("a"))
      yield* take
      yield* push("{\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}  ")
      yield* end
      assert.strictEqual(yield* Fiber.join(call), 1)
      assert.strictEqual((yield* Queue.take(batches)).length, 1)
    }))

  it.effect("names a failed read", () =>
    Effect.gen(function*() {
      const { fail, peer } = yield* connect
      yield* fail("EIO")
      assert.strictEqual((yield* peer.closed).reason, "reading failed: EIO")
    }))

  it.effect("after a failed write lets answers already in the pipe arrive, for one second", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      let broken = false
      const write = (text: string) => broken ? Effect.fail("EPIPE") : wire.pipes.write(text)
      const peer = yield* make({ read: wire.pipes.read, write })
      const answered = yield* Effect.forkChild(peer.request("a"))
      yield* wire.take
      broken = true
      const lost = yield* Effect.forkChild(Effect.flip(peer.request("b")), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      assert.deepInclude(yield* Effect.flip(peer.request("c")), { _tag: "PeerClosed", reason: "writing failed: EPIPE" })
      assert.strictEqual((yield* peer.closed).reason, "writing failed: EPIPE")
      yield* wire.send({ id: 1, result: "last words" })
      assert.strictEqual(yield* Fiber.join(answered), "last words")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(lost))._tag, "PeerClosed")
    }))

  it.effect("comes with the scope, even while a write hangs and offers wait", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const scope = yield* Scope.make()
      const peer = yield* make({
        read: wire.pipes.read,
        write: () => Effect.never,
        maxOutgoing: { frames: 1, chars: 10 }
      })
        .pipe(Scope.provide(scope))
      const calls = yield* Effect.forkChild(
        Effect.all([Effect.flip(peer.request("a")), Effect.flip(peer.notify("b"))], { concurrency: 2 }),
        { startImmediately: true }
      )
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual((yield* Fiber.join(calls)).map(({ _tag }) => _tag), ["PeerClosed", "PeerClosed"])
    }))
})

describe("writing", () => {
  it.effect("puts the frames of one tick into one write", () =>
    Effect.gen(function*() {
      const { peer, take, writes } = yield* connect
      for (let n = 0; n < 100; n++) yield* peer.notify("n", { n })
      for (let n = 0; n < 100; n++) assert.deepInclude(yield* take, { params: { n } })
      assert.strictEqual(writes.length, 1)
    }))

  it.effect("accepts no more than its bounds while a write is under way, in order, and drops nothing", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const gate = yield* Latch.make(false)
      const peer = yield* make({
        read: wire.pipes.read,
        write: (text) => Effect.andThen(gate.await, wire.pipes.write(text)),
        maxOutgoing: { frames: 10, chars: 100_000 }
      })
      let accepted = 0
      const all = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 50 }, (_, n) => n),
          (n) => Effect.andThen(peer.notify("n", { n }), Effect.sync(() => accepted++)),
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      assert.strictEqual(accepted, 10)
      yield* gate.open
      yield* Fiber.join(all)
      for (let n = 0; n < 50; n++) assert.deepInclude(yield* wire.take, { params: { n } })
      yield* peer.drained
    }))

  it.effect("bounds by size, and times out an offer that finds no room", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const gate = yield* Latch.make(false)
      const write = (text: string) => Effect.andThen(gate.await, wire.pipes.write(text))
      const peer = yield* make({ read: wire.pipes.read, write, maxOutgoing: { frames: 10, chars: 200 } })
      yield* peer.notify("large", "x".repeat(1000))
      const late = yield* Effect.forkChild(Effect.flip(peer.notify("late", {}, { timeout: "1 second" })), {
        startImmediately: true
      })
      const unsent = yield* Effect.forkChild(
        Effect.flip(peer.request("unsent", {}, { timeout: "1 second", cancellable: true })),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(late), { _tag: "PeerTimedOut", method: "late" })
      assert.deepInclude(yield* Fiber.join(unsent), { _tag: "PeerTimedOut", method: "unsent" })
      yield* gate.open
      yield* peer.notify("next")
      yield* peer.drained
      // Neither was sent, so there is nothing to cancel either.
      assert.deepInclude(yield* wire.take, { method: "large" })
      assert.deepInclude(yield* wire.take, { method: "next" })
    }))
})
