import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Stdio, Stream } from "effect"
import { OwnStdin } from "../../src/sdk/OwnStdin.ts"
import { definePlugin, methods, PluginFailure, serve } from "../../src/sdk/Sdk.ts"
import { hello, plug, refusal } from "./Plugged.ts"
import { TestStdio } from "./TestStdio.ts"

const identity = { name: "animus-test", version: "0.1.0", plugin_kind: "custom", description: "for tests" }

const make = Effect.gen(function*() {
  const started = yield* Deferred.make<void>()
  const interrupted = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const released = yield* Deferred.make<void>()
  const opened: Array<string | undefined> = []
  const part = methods((host) =>
    Effect.gen(function*() {
      opened.push(host.project?.project_root)
      yield* Effect.addFinalizer(() => Deferred.succeed(released, undefined))
      return {
        requests: {
          "x/echo": (params) => Effect.succeed({ params: JSON.stringify(params ?? null) }),
          "x/gate": () => Effect.as(Deferred.await(gate), "through"),
          "x/hang": () =>
            Deferred.succeed(started, undefined).pipe(
              Effect.andThen(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
            ),
          "x/refuse": () => Effect.fail(new PluginFailure({ category: "not_found", message: "nothing there" })),
          "x/die": () => Effect.die(new Error("a bug")),
          "x/tell": () => Effect.as(host.notify("x/told", { n: 1 }), "done")
        }
      }
    }), ["x/echo"])
  const plugin = definePlugin({ manifest: identity, serves: { ...part, declines: ["x/optional"] } })
  return { plugin, started, interrupted, gate, opened, released }
})

const served = Effect.gen(function*() {
  const parts = yield* make
  const wire = yield* plug(parts.plugin)
  yield* wire.begin()
  return { ...parts, ...wire }
})

describe("before it is initialized", () => {
  it.effect("refuses work, answers pings, and serves after `initialized`", () =>
    Effect.gen(function*() {
      const { plugin } = yield* make
      const { ask, call, send } = yield* plug(plugin)
      assert.deepStrictEqual(refusal(yield* call("x/echo")), [-32000, "unavailable"])
      assert.deepStrictEqual(yield* call("$/ping"), { result: {} })
      assert.strictEqual(refusal(yield* call("$/unheard-of"))[0], -32601)
      yield* send({ method: "initialized" })
      assert.deepStrictEqual(refusal(yield* call("x/echo")), [-32000, "unavailable"])
      yield* ask(1, "initialize", hello())
      assert.deepStrictEqual(refusal(yield* call("x/echo")), [-32000, "unavailable"])
      yield* send({ method: "initialized" })
      assert.deepStrictEqual(yield* call("x/echo", { a: 1 }), { result: { params: "{\"a\":1}" } })
    }))

  it.effect.each(["2.0.0", "0.9.0", "one"])("refuses protocol %s", (protocol_version) =>
    Effect.gen(function*() {
      const { opened, plugin } = yield* make
      const { call } = yield* plug(plugin)
      assert.deepStrictEqual(refusal(yield* call("initialize", hello({ protocol_version }))), [
        -32602,
        "invalid_request"
      ])
      assert.deepStrictEqual(opened, [])
    }))

  it.effect("is opened once for one project, and refuses another", () =>
    Effect.gen(function*() {
      const { opened, plugin } = yield* make
      const { call } = yield* plug(plugin)
      const bound = (project_root: string) => hello({ init_extensions: { project_binding: { project_root } } })
      const first = yield* call("initialize", bound("/a"))
      assert.property(first, "result")
      assert.deepStrictEqual(yield* call("initialize", bound("/a")), first)
      assert.deepStrictEqual(refusal(yield* call("initialize", bound("/b"))), [-32600, "conflict"])
      assert.deepStrictEqual(opened, ["/a"])
    }))
})

describe("requests", () => {
  it.effect("are answered by the table of errors", () =>
    Effect.gen(function*() {
      const { call } = yield* served
      assert.deepStrictEqual(refusal(yield* call("x/unknown")), [-32601, "not_found"])
      assert.deepStrictEqual(refusal(yield* call("constructor")), [-32601, "not_found"])
      assert.deepStrictEqual(refusal(yield* call("$/unknown")), [-32601, "not_found"])
      assert.deepStrictEqual(refusal(yield* call("x/optional")), [-32001, "not_supported"])
      assert.deepStrictEqual(refusal(yield* call("x/refuse")), [-32602, "not_found"])
      assert.strictEqual(refusal(yield* call("x/die"))[0], -32603)
    }))

  it.effect("are answered out of order, under string and number ids", () =>
    Effect.gen(function*() {
      const { ask, gate, send, take } = yield* served
      yield* send({ id: "1", method: "x/gate" })
      assert.deepStrictEqual((yield* ask(1, "$/ping"))["id"], 1)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: "1", result: "through" })
    }))

  it.effect("come after what they notify", () =>
    Effect.gen(function*() {
      const { ask, take } = yield* served
      assert.strictEqual((yield* ask(1, "x/tell"))["method"], "x/told")
      assert.strictEqual((yield* take)["result"], "done")
    }))

  it.effect("can be cancelled; other ids and unknown notifications are ignored", () =>
    Effect.gen(function*() {
      const { interrupted, send, started, take } = yield* served
      yield* send({ id: 7, method: "x/hang" })
      yield* Deferred.await(started)
      yield* send(
        { method: "$/whatever", params: {} },
        { method: "constructor" },
        { method: "$/cancelRequest", params: { id: "7" } },
        { method: "$/cancelRequest", params: { id: 7 } },
        { method: "$/cancelRequest", params: { id: 7 } }
      )
      const answer = yield* take
      assert.deepStrictEqual([answer["id"], refusal(answer)[0]], [7, -32002])
      yield* Deferred.await(interrupted)
    }))

  it.effect("tell how the plugin feels", () =>
    Effect.gen(function*() {
      const { call } = yield* served
      assert.deepStrictEqual(yield* call("health/check"), { result: { status: "healthy", uptime_ms: 0 } })
    }))
})

describe("the end", () => {
  it.effect("shutdown answers what is outstanding first, then refuses work; exit ends", () =>
    Effect.gen(function*() {
      const { call, ended, released, send, started, take } = yield* served
      yield* send({ id: 7, method: "x/hang" })
      yield* Deferred.await(started)
      yield* send({ id: 8, method: "shutdown" })
      assert.strictEqual(refusal(yield* take)[0], -32002)
      assert.deepStrictEqual(yield* take, { jsonrpc: "2.0", id: 8, result: {} })
      assert.strictEqual(refusal(yield* call("x/echo"))[0], -32600)
      yield* send({ method: "exit" })
      assert.isTrue(Exit.isSuccess(yield* ended))
      yield* Deferred.await(released)
    }))

  it.effect("an end of stdin cancels what runs and ends", () =>
    Effect.gen(function*() {
      const { end, ended, interrupted, released, send, started, take } = yield* served
      yield* send({ id: 7, method: "x/hang" })
      yield* Deferred.await(started)
      yield* end
      yield* Deferred.await(interrupted)
      assert.strictEqual(refusal(yield* take)[0], -32002)
      assert.isTrue(Exit.isSuccess(yield* ended))
      yield* Deferred.await(released)
    }))
})

describe("serve", () => {
  it.effect.each(["--manifest", "-m"])("%s prints the manifest", (flag) =>
    Effect.gen(function*() {
      const { plugin } = yield* make
      const { printed, stdio } = TestStdio({ args: [flag], stdin: Stream.never })
      yield* Effect.provideService(serve(plugin), Stdio.Stdio, stdio)
      assert.deepStrictEqual(JSON.parse(printed.stdout.join("")), {
        ...identity,
        protocol_version: "1.1.0",
        capabilities: ["x/echo", "cancellation", "health/check"]
      })
    }))

  it.effect("lets go of its stdin when the host has said exit, though nobody has closed it", () =>
    Effect.gen(function*() {
      const { plugin } = yield* make
      const frames = [{ id: 1, method: "initialize", params: hello() }, { method: "exit" }]
      const text = frames.map((frame) => JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n").join("")
      const { stdio } = TestStdio({
        args: [],
        stdin: Stream.concat(Stream.make(new TextEncoder().encode(text)), Stream.never)
      })
      let held = true
      yield* serve(plugin).pipe(
        Effect.provideService(Stdio.Stdio, stdio),
        Effect.provideService(OwnStdin, () => {
          held = false
        })
      )
      assert.isFalse(held)
    }))

  it.effect("a person in a terminal gets the usage and exit code 2", () =>
    Effect.gen(function*() {
      const { plugin } = yield* make
      const { printed, stdio } = TestStdio({ args: [], stdin: Stream.never, terminal: true })
      const error = yield* Effect.flip(Effect.provideService(serve(plugin), Stdio.Stdio, stdio))
      assert.strictEqual(error._tag, "StartedByHand")
      assert.include(printed.stderr.join(""), "--manifest")
      assert.deepStrictEqual(printed.stdout, [])
    }))
})
