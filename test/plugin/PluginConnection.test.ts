import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Queue, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import { connect } from "../../src/plugin/PluginConnection.ts"
import { answer, greet, initializeResult, makePuppets, note, PATH, type Puppet, refuse } from "./scripted.ts"

const options = (said: Queue.Queue<string>, capacity: number) => ({
  command: { plugin: "demo", path: PATH, args: [], cwd: "/project", env: {} },
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
  const { program, spawned } = yield* makePuppets
  const said = yield* Queue.unbounded<string>()
  const scope = yield* Scope.fork(yield* Effect.scope)
  const connecting = yield* connect(options(said, capacity)).pipe(
    Effect.provide(PluginProcessMemory.layer({ [PATH]: program })),
    Scope.provide(scope),
    Effect.forkChild
  )
  const puppet = yield* spawned
  // Before the scope closes: a puppet that nobody plays any more does not answer to a shutdown.
  yield* Effect.addFinalizer(() => puppet.exit(0))
  return { connecting, said, scope, puppet }
})

const introduced = Effect.fnUntraced(function*(capacity?: number, cancellation = true) {
  const parts = yield* begin(capacity)
  yield* greet(parts.puppet, { cancellation })
  return { ...parts, connection: yield* Fiber.join(parts.connecting) }
})

const tokens = (puppet: Puppet, from: number, to: number, written: () => void = () => {}) =>
  Effect.forEach(
    Array.from({ length: to - from }, (_, at) => from + at),
    (at) => Effect.andThen(puppet.say(note("token", at)), Effect.sync(written)),
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
      yield* puppet.say(answer(id, initializeResult()))
      assert.strictEqual((yield* Fiber.join(connecting)).initialized.plugin_info.name, "demo")
      assert.strictEqual((yield* puppet.take).method, "initialized")
    }))

  it.effect("refuses another major, and what is no version", () =>
    Effect.forEach(["2.0.0", "soon"], (version) =>
      Effect.gen(function*() {
        const { connecting, puppet } = yield* begin()
        yield* puppet.say(answer((yield* puppet.take).id, initializeResult({}, version)))
        const error = yield* Effect.flip(Fiber.join(connecting))
        assert.deepInclude(error, { _tag: "ProtocolMismatch", theirs: version })
        assert.notInclude(puppet.seen, "initialized")
      })))

  it.effect("fails with the plugin's own refusal, and with an answer that makes no sense", () =>
    Effect.gen(function*() {
      const refused = yield* begin()
      yield* refused.puppet.say(refuse((yield* refused.puppet.take).id, -32602, "no binding"))
      const refusal = yield* Effect.flip(Fiber.join(refused.connecting))
      assert.strictEqual(refusal._tag, "HandshakeFailed")
      assert.include(refusal.message, "no binding")
      const odd = yield* begin()
      yield* odd.puppet.say(answer((yield* odd.puppet.take).id, { hello: 1 }))
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
      yield* puppet.exit(3)
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
      yield* puppet.say(answer(b.id, "b"))
      yield* puppet.print("loading model...\n")
      yield* puppet.say(answer(a.id, "a"))
      assert.deepStrictEqual(yield* Fiber.join(calls), ["a", "b"])
      assert.strictEqual(yield* Queue.take(said), "not-json")
    }))

  it.effect("fail typed: unsupported, refused, too late", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const outcome = Effect.fnUntraced(function*(code: number, message: string, data?: object) {
        const call = yield* Effect.forkChild(Effect.flip(connection.call("a", {}, {})))
        yield* puppet.say({ jsonrpc: "2.0", id: (yield* puppet.take).id, error: { code, message, data } })
        return yield* Fiber.join(call)
      })
      assert.strictEqual((yield* outcome(-32001, "no"))._tag, "MethodNotSupported")
      assert.strictEqual((yield* outcome(-32601, "no"))._tag, "MethodNotSupported")
      assert.deepInclude(yield* outcome(-32603, "full", { category: "unavailable" }), {
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
      const { connection, puppet } = yield* introduced(4, false)
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
      yield* puppet.kill
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(call)
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "SIGTERM")
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
      yield* puppet.exit(0)
      yield* TestClock.adjust("5 seconds")
      const left = (yield* Stream.runCollect(observed)).flat()
      assert.isBelow(left.length, 20)
      assert.strictEqual(left.at(-1)?.params, 9999)
    }))

  it.effect("that a process wrote before it ended reach an owner however slow", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const owned = yield* connection.own(() => true)
      const writing = yield* Effect.forkChild(Effect.andThen(tokens(puppet, 0, 100), puppet.exit(0)))
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

  it.effect("stay with an owner who sleeps for an hour after the process ended, and hold nobody else up", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const owned = yield* connection.own(() => true)
      const lost = yield* Effect.forkChild(connection.lost)
      let written = 0
      yield* Effect.forkChild(tokens(puppet, 0, 2_000, () => written++))
      yield* TestClock.adjust("1 minute")
      const inPipe = written
      assert.isBelow(inPipe, 2_000)
      yield* puppet.exit(0)
      yield* TestClock.adjust("5 seconds")
      assert.include((yield* Fiber.join(lost)).message, "exit code 0")
      yield* TestClock.adjust("1 hour")
      const seen: Array<unknown> = []
      const error = yield* owned.pipe(
        Stream.flattenIterable,
        Stream.runForEach(({ params }) => Effect.sync(() => seen.push(params))),
        Effect.flip
      )
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.isAtLeast(seen.length, inPipe)
      assert.deepStrictEqual(seen, Array.from(seen, (_, at) => at))
    }))

  it.effect("fail the owner that throws over them, at once, and nobody else", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const broken = yield* connection.own(({ params }) => {
        if (params === 1) throw new Error("not a session")
        return true
      })
      const owned = yield* connection.own(() => true)
      const call = yield* Effect.forkChild(connection.call("a", {}, {}))
      const { id } = yield* puppet.take
      yield* tokens(puppet, 0, 2)
      yield* puppet.say(answer(id, "answered"))
      assert.strictEqual(yield* Fiber.join(call), "answered")
      const error = yield* Effect.flip(Stream.runDrain(broken))
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "not a session")
      const all = yield* owned.pipe(Stream.flattenIterable, Stream.take(2), Stream.runCollect)
      assert.deepStrictEqual(all.map(({ params }) => params), [0, 1])
    }))

  it.effect("flow again when a full owner leaves", () =>
    Effect.gen(function*() {
      const { connection, puppet } = yield* introduced()
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.provide(connection.own(() => true), scope))
      const burst = yield* Effect.forkChild(tokens(puppet, 0, 2_000))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(burst.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(burst)
    }))
})

describe("the end", () => {
  it.effect("is shutdown, exit and closed stdin; who leaves then is not killed", () =>
    Effect.gen(function*() {
      const { puppet, scope } = yield* introduced()
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* puppet.say(answer((yield* puppet.take).id, {}))
      assert.strictEqual((yield* puppet.take).method, "exit")
      assert.isTrue(Cause.isDone(yield* Effect.flip(puppet.take)))
      yield* puppet.exit(0)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(puppet.seen.slice(2), ["shutdown", "exit", "stdin closed"])
    }))

  it.effect("hands over what the plugin says on its way out", () =>
    Effect.gen(function*() {
      const { connection, puppet, scope } = yield* introduced()
      const owned = yield* connection.own(() => true)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* puppet.say(answer((yield* puppet.take).id, {}))
      yield* puppet.take
      yield* tokens(puppet, 0, 4)
      yield* puppet.exit(0)
      yield* Fiber.join(closing)
      const seen: Array<unknown> = []
      const error = yield* owned.pipe(
        Stream.flattenIterable,
        Stream.runForEach(({ params }) => Effect.sync(() => seen.push(params))),
        Effect.flip
      )
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.deepStrictEqual(seen, [0, 1, 2, 3])
    }))

  it.effect("hands over what was in the pipe of one that is ended while its owner is full", () =>
    Effect.gen(function*() {
      const { connection, puppet, scope } = yield* introduced()
      const owned = yield* connection.own(() => true)
      let written = 0
      yield* Effect.forkChild(tokens(puppet, 0, 2_000, () => written++))
      yield* TestClock.adjust("1 minute")
      const inPipe = written
      assert.isBelow(inPipe, 2_000)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(closing)
      const seen: Array<unknown> = []
      yield* owned.pipe(
        Stream.flattenIterable,
        Stream.runForEach(({ params }) => Effect.sync(() => seen.push(params))),
        Effect.flip
      )
      assert.isAtLeast(seen.length, inPipe)
      assert.deepStrictEqual(seen, Array.from(seen, (_, at) => at))
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

  it.effect("keeps no caller beyond its deadline, whatever is still to be learned of it", () =>
    Effect.gen(function*() {
      const { connection, puppet, scope } = yield* introduced()
      yield* Effect.asVoid(connection.own(() => true))
      const gaveUp = yield* Effect.forkChild(Effect.flip(connection.call("a", {}, { timeout: 2_500 })))
      const open = yield* Effect.forkChild(Effect.flip(connection.call("b", {}, { timeout: 3_800 })))
      yield* Effect.andThen(puppet.take, puppet.take)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      // Its stdin is closed at two seconds; a second after the cancellation that cannot be written the connection is dead.
      yield* TestClock.adjust("2500 millis")
      assert.strictEqual((yield* Fiber.join(gaveUp))._tag, "RequestTimedOut")
      yield* TestClock.adjust("1200 millis")
      assert.isUndefined(open.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      assert.isDefined(open.pollUnsafe(), "it was kept beyond its deadline")
      assert.strictEqual((yield* Fiber.join(open))._tag, "ConnectionLost")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
    }))

  it.effect("keeps the last words of stderr, long lines cut", () =>
    Effect.gen(function*() {
      const { puppet, said } = yield* introduced()
      yield* puppet.complain(`boom\n${"x".repeat(100_000)}\nlast`)
      yield* puppet.exit(1)
      const [first, long, last] = yield* Queue.takeN(said, 3)
      assert.strictEqual(first, "boom")
      assert.isBelow(long?.length ?? Infinity, 1000)
      assert.strictEqual(last, "last")
    }))
})
