import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Queue, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { connect } from "../../src/plugin/PluginConnection.ts"
import { accepted, makeTheatre, type Puppet, welcome } from "./Puppet.ts"

const options = (said: Queue.Queue<string>, capacity: number) => ({
  command: { plugin: "puppet", path: "/puppet", args: [], cwd: "/project", env: {} },
  initialize: {
    protocol_version: "1.1.0",
    host_info: { name: "animus", version: "1.0.0" },
    capabilities: { streaming: true, progress: true, cancellation: true },
    init_extensions: { project_binding: { project_root: "/project" } }
  },
  capacity,
  log: {
    stderr: (line: string) => Effect.asVoid(Queue.offer(said, line)),
    skipped: (garbage: ReadonlyArray<{ readonly kind: string }>) =>
      Effect.asVoid(Queue.offerAll(said, garbage.map(({ kind }) => kind))),
    entries: () => Effect.void
  }
})

/** A connection that is being made, and the process at its other end. */
const begin = Effect.fnUntraced(function*(capacity = 4) {
  const { layer, spawned } = yield* makeTheatre
  const said = yield* Queue.unbounded<string>()
  const scope = yield* Scope.fork(yield* Effect.scope)
  const connecting = yield* connect(options(said, capacity)).pipe(
    Effect.provide(layer),
    Scope.provide(scope),
    Effect.forkChild
  )
  const puppet = yield* spawned
  // Before the scope closes: a puppet that nobody plays any more does not answer to a shutdown.
  yield* Effect.addFinalizer(() => puppet.die({ code: 0 }))
  return { connecting, said, scope, puppet }
})

const introduced = Effect.fnUntraced(function*(capacity?: number, result: object = accepted()) {
  const parts = yield* begin(capacity)
  yield* welcome(parts.puppet, result)
  return { ...parts, connection: yield* Fiber.join(parts.connecting) }
})

const tokens = (puppet: Puppet, from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: to - from }, (_, at) => from + at),
    (at) => puppet.send({ method: "token", params: at }),
    { discard: true }
  )

describe("the handshake", () => {
  it.effect("introduces the host and its project, then says initialized", () =>
    Effect.gen(function*() {
      const { connecting, puppet } = yield* begin()
      const { id, method, params } = yield* puppet.take
      assert.strictEqual(method, "initialize")
      assert.deepInclude(params, {
        protocol_version: "1.1.0",
        init_extensions: { project_binding: { project_root: "/project" } }
      })
      yield* puppet.send({ id, result: accepted() })
      assert.strictEqual((yield* Fiber.join(connecting)).initialized.plugin_info.name, "puppet")
      assert.strictEqual((yield* puppet.take).method, "initialized")
    }))

  it.effect("refuses another major, and what is no version", () =>
    Effect.forEach(["2.0.0", "soon"], (version) =>
      Effect.gen(function*() {
        const { connecting, puppet } = yield* begin()
        yield* puppet.send({ id: (yield* puppet.take).id, result: accepted(version) })
        const error = yield* Effect.flip(Fiber.join(connecting))
        assert.deepInclude(error, { _tag: "ProtocolMismatch", theirs: version })
        assert.notInclude(puppet.seen, "initialized")
      })))

  it.effect("fails with the plugin's own refusal, and with an answer that makes no sense", () =>
    Effect.gen(function*() {
      const refused = yield* begin()
      yield* refused.puppet.send({
        id: (yield* refused.puppet.take).id,
        error: { code: -32602, message: "no binding" }
      })
      const refusal = yield* Effect.flip(Fiber.join(refused.connecting))
      assert.strictEqual(refusal._tag, "HandshakeFailed")
      assert.include(refusal.message, "no binding")
      const odd = yield* begin()
      yield* odd.puppet.send({ id: (yield* odd.puppet.take).id, result: { hello: 1 } })
      assert.strictEqual((yield* Effect.flip(Fiber.join(odd.connecting)))._tag, "HandshakeFailed")
    }))

  it.effect("gives up after thirty seconds, not before", () =>
    Effect.gen(function*() {
      const { connecting, puppet } = yield* begin()
      yield* puppet.take
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(connecting.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(connecting)))._tag, "HandshakeFailed")
    }))

  it.effect("says how a process ended that died instead of answering", () =>
    Effect.gen(function*() {
      const { connecting, puppet } = yield* begin()
      yield* puppet.take
      yield* puppet.die({ code: 3 })
      yield* TestClock.adjust("5 seconds")
      assert.include((yield* Effect.flip(Fiber.join(connecting))).message, "exit code 3")
    }))
})

describe("calls", () => {
  it.effect("are answered out of order, between garbage", () =>
    Effect.gen(function*() {
      const { connection, puppet, said } = yield* introduced()
      const calls = yield* Effect.forkChild(
        Effect.all([connection.call("a", {}, {}), connection.call("b", {}, {})], { concurrency: 2 })
      )
      const [a, b] = [yield* puppet.take, yield* puppet.take]
      yield* puppet.send({ id: b.id, result: "b" })
      yield* puppet.print("loading model...\n")
      yield* puppet.send({ id: a.id, result: "a" })
      assert.deepStrictEqual(yield* Fiber.join(calls), ["a", "b"])
      assert.strictEqual(yield* Queue.take(said), "not-json")
    }))

  it.effect("fail typed: unsupported, refused, too late", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const outcome = Effect.fnUntraced(function*(error: object) {
        const call = yield* Effect.forkChild(Effect.flip(connection.call("a", {}, {})))
        yield* puppet.send({ id: (yield* puppet.take).id, error })
        return yield* Fiber.join(call)
      })
      assert.strictEqual((yield* outcome({ code: -32001, message: "no" }))._tag, "MethodNotSupported")
      assert.strictEqual((yield* outcome({ code: -32601, message: "no" }))._tag, "MethodNotSupported")
      assert.deepInclude(yield* outcome({ code: -32603, message: "full", data: { category: "unavailable" } }), {
        _tag: "PluginRefused",
        detail: "full",
        category: "unavailable"
      })
      const late = yield* Effect.forkChild(Effect.flip(connection.call("a", {}, { timeout: 1000 })))
      const { id } = yield* puppet.take
      yield* TestClock.adjust("1 second")
      const timedOut = yield* Fiber.join(late)
      assert.strictEqual(timedOut._tag, "RequestTimedOut")
      assert.include(timedOut.message, "within 1000 ms")
      const cancel = yield* puppet.take
      assert.strictEqual(cancel.method, "$/cancelRequest")
      assert.strictEqual(JSON.stringify(cancel.params), JSON.stringify({ id }))
    }))

  it.effect("are cancelled on the wire only where the plugin understands it", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced(4, accepted("1.0.0", false))
      const call = yield* Effect.forkChild(connection.call("a", {}, {}))
      yield* puppet.take
      yield* Fiber.interrupt(call)
      yield* connection.notify("next", {}, 1000)
      assert.strictEqual((yield* puppet.take).method, "next")
    }))

  it.effect("that wait when the process dies fail with its signal", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const call = yield* Effect.forkChild(Effect.flip(connection.call("a", {}, {})))
      yield* puppet.take
      yield* puppet.die({ signal: "SIGKILL" })
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(call)
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "SIGKILL")
      assert.strictEqual((yield* Effect.flip(connection.call("b", {}, {})))._tag, "ConnectionLost")
    }))
})

describe("notifications", () => {
  it.effect("reach a slow owner all, in order, while reading pauses; observers lose the oldest", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced(4)
      const owned = yield* connection.own(({ method }) => method === "token")
      const observed = yield* connection.observe
      const burst = yield* Effect.forkChild(tokens(puppet, 0, 10_000))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(burst.pollUnsafe())
      const all = yield* owned.pipe(Stream.flatMap(Stream.fromIterable), Stream.take(10_000), Stream.runCollect)
      assert.deepStrictEqual(all.map(({ params }) => params), Array.from({ length: 10_000 }, (_, at) => at))
      yield* Fiber.join(burst)
      yield* puppet.die({ code: 0 })
      yield* TestClock.adjust("5 seconds")
      const left = (yield* Stream.runCollect(observed)).flat()
      assert.isBelow(left.length, 20)
      assert.strictEqual(left.at(-1)?.params, 9999)
    }))

  it.effect("that a process wrote before it ended reach an owner however slow", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const owned = yield* connection.own(() => true)
      const writing = yield* Effect.forkChild(Effect.andThen(tokens(puppet, 0, 100), puppet.die({ code: 0 })))
      yield* TestClock.adjust("1 minute")
      let count = 0
      const error = yield* owned.pipe(
        Stream.runForEach((batch) => Effect.andThen(Effect.sync(() => count += batch.length), Effect.yieldNow)),
        Effect.flip,
        Effect.forkChild
      )
      yield* Fiber.join(writing)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(error))._tag, "ConnectionLost")
      assert.strictEqual(count, 100)
    }))

  it.effect("are lost to nobody when the process is gone while its owner sleeps", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const owned = yield* connection.own(() => true)
      const lost = yield* Effect.forkChild(connection.lost)
      yield* Effect.forkChild(Effect.andThen(tokens(puppet, 0, 300), puppet.die({ code: 0 })))
      yield* TestClock.adjust("20 seconds")
      assert.isUndefined(lost.pollUnsafe())
      const all = yield* owned.pipe(Stream.flatMap(Stream.fromIterable), Stream.take(300), Stream.runCollect)
      assert.strictEqual(all.at(-1)?.params, 299)
      yield* TestClock.adjust("5 seconds")
      assert.include((yield* Fiber.join(lost)).message, "exit code 0")
    }))

  it.effect("flow again when a full owner leaves", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.provide(connection.own(() => true), scope))
      const burst = yield* Effect.forkChild(tokens(puppet, 0, 200))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(burst.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(burst)
    }))
})

describe("the end", () => {
  it.effect("is shutdown, exit, closed stdin, and death only after that", () =>
    Effect.gen(function*() {
      const { puppet, scope } = yield* introduced()
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* puppet.send({ id: (yield* puppet.take).id, result: {} })
      assert.strictEqual((yield* puppet.take).method, "exit")
      yield* puppet.die({ code: 0 })
      yield* Fiber.join(closing)
      assert.deepStrictEqual(puppet.seen.slice(2), ["shutdown", "exit", "stdin closed", "killed"])
    }))

  it.effect("comes within seconds for a plugin that ignores everything", () =>
    Effect.gen(function*() {
      const { puppet, scope } = yield* introduced()
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.notInclude(puppet.seen, "killed")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(puppet.seen.slice(2), ["shutdown", "exit", "stdin closed", "killed"])
    }))

  it.effect("keeps the last words of stderr, long lines cut", () =>
    Effect.gen(function*() {
      const { puppet, said } = yield* introduced()
      yield* puppet.stderr(`boom\n${"x".repeat(100_000)}\nlast`)
      yield* puppet.die({ code: 1 })
      const [first, long, last] = yield* Queue.takeN(said, 3)
      assert.strictEqual(first, "boom")
      assert.isBelow(long?.length ?? Infinity, 1000)
      assert.strictEqual(last, "last")
    }))
})
