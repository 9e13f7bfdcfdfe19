import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Latch, Queue } from "effect"
import { TestClock } from "effect/testing"
import type { RequestHandler } from "../../src/rpc/Handlers.ts"
import { type JsonRpcPeer, make } from "../../src/rpc/JsonRpcPeer.ts"
import { PeerRefused } from "../../src/rpc/RpcError.ts"
import { makeWire } from "./Wire.ts"

const serve = Effect.fnUntraced(function*(onRequest: RequestHandler, maxRunning = 1024) {
  const wire = yield* makeWire
  const peer = yield* make({ ...wire.pipes, onRequest, maxRunning })
  return { ...wire, peer }
})

const code = (frame: { readonly [key: string]: unknown }) => {
  const error = frame["error"]
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined
}

describe("requests of the other side", () => {
  it.effect("are answered out of order, under their own string or number id", () =>
    Effect.gen(function*() {
      const gate = yield* Latch.make(false)
      const { send, take } = yield* serve((method, params, id) =>
        method === "slow" ? Effect.as(gate.await, { slow: id }) : Effect.succeed({ echoed: JSON.stringify(params), id })
      )
      yield* send({ id: 1, method: "slow" }, { id: "1", method: "echo", params: [1] })
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: "1", result: { echoed: "[1]", id: "1" } })
      yield* gate.open
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: 1, result: { slow: 1 } })
    }))

  it.effect("are refused with what the handler says, and -32603 when it breaks", () =>
    Effect.gen(function*() {
      const { send, take } = yield* serve((method) =>
        method === "breaks"
          ? Effect.die(new Error("secret detail"))
          : Effect.fail(new PeerRefused({ code: -32602, message: "bad", data: { category: "not_found" } }))
      )
      yield* send({ id: 1, method: "refuses" })
      assert.deepStrictEqual(yield* take, {
        jsonrpc: "2.0",
        id: 1,
        error: { code: -32602, message: "bad", data: { category: "not_found" } }
      })
      yield* send({ id: 2, method: "breaks" })
      const broken = yield* take
      assert.strictEqual(code(broken), -32603)
      assert.notInclude(JSON.stringify(broken), "secret")
    }))

  it.effect("are answered -32601 where nobody handles any", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      yield* make(wire.pipes)
      yield* wire.send({ id: 1, method: "a" })
      assert.strictEqual(code(yield* wire.take), -32601)
    }))

  it.effect("are interrupted by $/cancelRequest and answered -32002, once, even when both come in one read", () =>
    Effect.gen(function*() {
      const interrupted = yield* Queue.unbounded<string>()
      const { send, take, taken } = yield* serve((method) =>
        Effect.onInterrupt(Effect.never, () => Queue.offer(interrupted, method))
      )
      yield* send({ id: 1, method: "a" }, { id: "1", method: "b" }, { method: "$/cancelRequest", params: { id: "1" } })
      assert.strictEqual(yield* Queue.take(interrupted), "b")
      const answer = yield* take
      assert.deepInclude(answer, { id: "1" })
      assert.strictEqual(code(answer), -32002)
      yield* send({ method: "$/cancelRequest", params: { id: "1" } }, { method: "$/cancelRequest", params: { id: 9 } })
      yield* send({ method: "$/cancelRequest" }, { method: "$/cancelRequest", params: { id: 1 } })
      assert.strictEqual(yield* Queue.take(interrupted), "a")
      assert.deepInclude(yield* take, { id: 1 })
      assert.strictEqual(yield* taken, 0)
    }))

  it.effect("see the notifications before them and none after", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      const seen: Array<string> = []
      const note = (text: string) => Effect.sync(() => seen.push(text))
      yield* make({
        ...wire.pipes,
        onNotifications: (batch) => note(batch.map(({ method }) => method).join()),
        onRequest: (method) => Effect.as(note(method), null)
      })
      yield* wire.send(
        { method: "initialized" },
        { id: 1, method: "list" },
        { id: 2, method: "shutdown" },
        { method: "exit" },
        { method: "x" }
      )
      yield* wire.take
      yield* wire.take
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(seen, ["initialized", "list", "shutdown", "exit,x"])
    }))

  it.effect("beyond the bound, or under an id in use, are refused at once, and cancellation still works", () =>
    Effect.gen(function*() {
      const { send, take } = yield* serve(() => Effect.never, 2)
      yield* send({ id: 1, method: "a" }, { id: 1, method: "again" }, { id: 2, method: "b" }, { id: 3, method: "c" })
      const [used, full] = [yield* take, yield* take]
      assert.deepStrictEqual([used["id"], code(used)], [1, -32600])
      assert.deepStrictEqual([full["id"], code(full)], [3, -32603])
      yield* send({ method: "$/cancelRequest", params: { id: 1 } })
      assert.strictEqual(code(yield* take), -32002)
      yield* send({ id: 4, method: "d" }, { method: "$/cancelRequest", params: { id: 4 } })
      assert.strictEqual(code(yield* take), -32002)
    }))

  it.effect("get an error instead of an answer beyond the frame cap", () =>
    Effect.gen(function*() {
      const wire = yield* makeWire
      yield* make({ ...wire.pipes, maxFrameBytes: 500, onRequest: () => Effect.succeed("x".repeat(500)) })
      yield* wire.send({ id: 1, method: "a" })
      assert.strictEqual(code(yield* wire.take), -32603)
    }))

  it.effect("that still run at the end of input are answered before the peer is drained", () =>
    Effect.gen(function*() {
      const gate = yield* Latch.make(false)
      const started = yield* Deferred.make<void>()
      const self = yield* Deferred.make<JsonRpcPeer>()
      const { end, peer, send, take } = yield* serve(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(gate.await),
          Effect.andThen(Effect.flatMap(Deferred.await(self), ({ notify }) => Effect.orDie(notify("progress")))),
          Effect.as("done")
        )
      )
      yield* Deferred.succeed(self, peer)
      yield* send({ id: 1, method: "a" })
      yield* Deferred.await(started)
      yield* end
      assert.strictEqual((yield* peer.closed)._tag, "PeerClosed")
      yield* gate.open
      yield* peer.drained
      assert.deepInclude(yield* take, { method: "progress" })
      assert.deepInclude(yield* take, { id: 1, result: "done" })
      assert.strictEqual((yield* Effect.flip(peer.notify("late")))._tag, "PeerClosed")
    }))
})
