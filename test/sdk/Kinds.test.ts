import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import type { LogEntry } from "../../schemas/Log.ts"
import {
  definePlugin,
  logStorage,
  memoryStore,
  methods,
  notifier,
  type Part,
  PluginFailure,
  provider,
  tools,
  transport,
  triggerBackend,
  type TriggerEventInput
} from "../../src/sdk/Sdk.ts"
import { hello, plug, refusal } from "./Plugged.ts"

const identity = { name: "animus-test", version: "0.1.0", plugin_kind: "custom", description: "for tests" }
const at = "2026-01-01T00:00:00Z"

const begun = Effect.fnUntraced(function*(serves: Part | ReadonlyArray<Part>, extra?: object) {
  const plugin = definePlugin({ manifest: identity, serves })
  const wire = yield* plug(plugin)
  yield* wire.begin(extra)
  return { ...wire, manifest: plugin.manifest }
})

const greeter = tools([{ name: "greet", call: (given) => Effect.succeed({ hello: given }) }])
const teller = notifier({
  open: () => Effect.succeed({ notify: ({ event }) => Effect.succeed({ accepted: event.seq > 0 }) })
})

describe("a table of methods", () => {
  it.effect("is decoded before and encoded after, and declines what is optional", () =>
    Effect.gen(function*() {
      const { call, manifest } = yield* begun(teller)
      const event = { schema: "s", id: "1", seq: 1, timestamp: at, event_type: "e", data: null }
      assert.deepStrictEqual(yield* call("notifier/notify", { event }), { result: { accepted: true, delivered: 0 } })
      assert.deepStrictEqual(refusal(yield* call("notifier/notify", { event: {} })), [-32602, "invalid_request"])
      assert.deepStrictEqual(refusal(yield* call("notifier/flush", {})), [-32001, "not_supported"])
      assert.notInclude(manifest.capabilities, "notifier/flush")
      assert.include(manifest.capabilities, "notifier/notify")
    }))

  it.effect("needs its project where the kind does, and refuses with the kind's own codes", () =>
    Effect.gen(function*() {
      const none = new PluginFailure({ category: "not_found", code: ErrorCode.MemoryKeyNotFound, message: "none" })
      const store = memoryStore({
        extra: { native_ttl: false },
        open: () =>
          Effect.succeed({
            put: () => Effect.succeed({ ack: true, indexed_immediately: true }),
            get: () => Effect.fail(none),
            query: () => Effect.succeed({ results: [] }),
            list_scopes: ({ page_size }) => Effect.succeed({ scopes: [{ project_id: String(page_size) }] }),
            delete_scope: () => Effect.succeed({ ack: true })
          })
      })
      const { ask, call, send } = yield* plug(definePlugin({ manifest: identity, serves: store }))
      assert.deepStrictEqual(refusal(yield* call("initialize", hello())), [-32602, "invalid_request"])
      const bound = hello({ init_extensions: { project_binding: { project_root: "/a" } } })
      assert.deepPropertyVal((yield* ask(1, "initialize", bound))["result"], "kind_capabilities", {
        memory_store: { crate_version: "0.1.0", extra: { native_ttl: false } }
      })
      yield* send({ method: "initialized" })
      const scope = { project_id: "p" }
      assert.deepStrictEqual(refusal(yield* call("memory/get", { scope, key: "k" })), [-32402, "not_found"])
      assert.deepStrictEqual(yield* call("memory/list_scopes", {}), { result: { scopes: [{ project_id: "100" }] } })
    }))
})

describe("several parts", () => {
  it.effect("make one plugin of several kinds", () =>
    Effect.gen(function*() {
      const { ask, call, manifest } = yield* begun([teller, greeter])
      assert.includeMembers([...manifest.capabilities], ["notifier/notify", "mcp/tool_call"])
      const { result } = yield* ask(1, "initialize", hello())
      assert.deepPropertyVal(Object(result).capabilities, "mcp_tools", [{ name: "greet" }])
      const greeted = yield* call("mcp/tool_call", { name: "greet", arguments: "you" })
      assert.deepStrictEqual(greeted, { result: { hello: "you" } })
      assert.deepStrictEqual(refusal(yield* call("mcp/tool_call", { name: "x", arguments: {} })), [-32602, "not_found"])
    }))

  it.effect("may not serve the same method", () =>
    Effect.gen(function*() {
      const { call } = yield* plug(definePlugin({ manifest: identity, serves: [greeter, greeter] }))
      assert.strictEqual(refusal(yield* call("initialize", hello()))[0], -32603)
    }))
})

describe("a trigger backend", () => {
  const watching = Effect.gen(function*() {
    const events = yield* Queue.bounded<TriggerEventInput, PluginFailure>(8)
    const acks = yield* Queue.bounded<unknown>(8)
    const cursors: Array<unknown> = []
    const wire = yield* begun(triggerBackend({
      schema: { kinds: ["test"] },
      open: () =>
        Effect.succeed({
          watch: ({ cursor }) => Effect.sync(() => (cursors.push(cursor), Stream.fromQueue(events))),
          ack: (ack) => Effect.asVoid(Queue.offer(acks, ack))
        })
    }))
    return { ...wire, events, acks, cursors }
  })

  it.effect("answers the watch before its events, flat and with their cursor", () =>
    Effect.gen(function*() {
      const { ask, cursors, events, take } = yield* watching
      yield* Queue.offer(events, { event_id: "e1", trigger_id: "t", cursor: 7, payload: { n: 1 } })
      assert.deepStrictEqual((yield* ask(1, "trigger/watch", { cursor: 6 }))["result"], { watching: true })
      const told = yield* take
      assert.strictEqual(told["method"], "trigger/event")
      assert.deepStrictEqual(told["params"], { event_id: "e1", trigger_id: "t", cursor: 7, payload: { n: 1 } })
      assert.deepStrictEqual(cursors, [6])
    }))

  it.effect("hears acknowledgements as notifications and as requests", () =>
    Effect.gen(function*() {
      const { acks, ask, send } = yield* watching
      yield* send({ method: "trigger/ack", params: { event_id: "e1", status: "queued" } })
      assert.deepStrictEqual(yield* Queue.take(acks), { event_id: "e1", status: "queued" })
      const answer = yield* ask(1, "trigger/ack", { event_id: "e2" })
      assert.deepStrictEqual(answer["result"], { event_id: "e2", acked: true })
      assert.deepStrictEqual(yield* Queue.take(acks), { event_id: "e2" })
    }))

  it.effect("says that its stream broke", () =>
    Effect.gen(function*() {
      const { ask, events, take } = yield* watching
      yield* ask(1, "trigger/watch", {})
      yield* Queue.fail(events, new PluginFailure({ category: "unavailable", message: "gone" }))
      assert.deepStrictEqual((yield* take)["params"], { error: { code: -32603, message: "gone" } })
    }))
})

describe("log storage", () => {
  it.effect("tails under the id of the request", () =>
    Effect.gen(function*() {
      const entry: LogEntry = { id: "1", ts: at, level: "info", source: "cli", target: "t", message: "m" }
      const { ask, take } = yield* begun(logStorage({
        supports: ["tail"],
        open: () =>
          Effect.succeed({
            store: ({ entries }) => Effect.succeed({ stored: entries.length }),
            tail: () => Effect.succeed(Stream.make(entry))
          })
      }))
      assert.deepStrictEqual((yield* ask("w", "log_storage/tail", { follow: true }))["result"], { tailing: true })
      assert.deepStrictEqual((yield* take)["params"], { id: "w", entry })
      assert.deepStrictEqual((yield* ask(2, "log_storage/store", { entries: [entry] }))["result"], { stored: 1 })
    }))
})

describe("a transport", () => {
  it.effect("releases on shutdown what it acquired, and can be started again", () =>
    Effect.gen(function*() {
      let open = 0
      const count = (by: number) =>
        Effect.sync(() => {
          open += by
        })
      const { call } = yield* begun(transport({
        open: () =>
          Effect.succeed({
            schema: { kinds: ["http"] },
            start: () => Effect.as(Effect.acquireRelease(count(1), () => count(-1)), { bound_addr: "a:1" })
          })
      }))
      const given = { control_socket_path: "/s", project_root: "/p" }
      const started = { bound_addr: "a:1", started_at: "1970-01-01T00:00:00.000Z" }
      assert.deepStrictEqual(yield* call("transport/start", given), { result: started })
      assert.deepStrictEqual(refusal(yield* call("transport/start", given)), [-32600, "conflict"])
      assert.strictEqual(open, 1)
      for (let times = 0; times < 2; times++) {
        assert.deepStrictEqual(yield* call("transport/shutdown"), { result: { shutdown: true } })
        assert.strictEqual(open, 0)
      }
      assert.deepStrictEqual(yield* call("transport/start", given), { result: started })
    }))
})

describe("a transport that may not listen", () => {
  it.effect.each(
    [
      ["permission_denied", -32603],
      ["address_in_use", -32603],
      ["invalid_request", -32602]
    ] as const
  )("says %s with the code of its kind, %i", ([category, code]) =>
    Effect.gen(function*() {
      const { call } = yield* begun(transport({
        open: () =>
          Effect.succeed({ schema: {}, start: () => Effect.fail(new PluginFailure({ category, message: "no" })) })
      }))
      const given = { control_socket_path: "/s", project_root: "/p" }
      assert.deepStrictEqual(refusal(yield* call("transport/start", given)), [code, category])
    }))
})

describe("the end of stdin", () => {
  const agent = Effect.gen(function*() {
    const running = yield* Deferred.make<void>()
    const gate = yield* Deferred.make<void>()
    const interrupted = yield* Deferred.make<void>()
    const response = { session_id: "", exit_code: 0, output: "done", duration_ms: 1, backend: "test" }
    const wire = yield* begun([
      provider({
        tool: "test",
        run: () =>
          Deferred.succeed(running, undefined).pipe(
            Effect.andThen(Deferred.await(gate)),
            Effect.as(response),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )
      }),
      methods({ "x/hang": () => Effect.never })
    ])
    yield* wire.send({ id: 1, method: "x/hang" }, { id: 2, method: "agent/run", params: { prompt: "p", cwd: "/" } })
    yield* Deferred.await(running)
    yield* wire.end
    // What is not a run is cancelled at once.
    assert.deepStrictEqual([(yield* wire.take)["id"]], [1])
    return { ...wire, gate, interrupted, response }
  })

  it.effect("lets a run settle, and sends its answer", () =>
    Effect.gen(function*() {
      const { ended, gate, response, take } = yield* agent
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual((yield* take)["result"], response)
      assert.isTrue(Exit.isSuccess(yield* ended))
    }))

  it.effect("waits five seconds for it and no longer", () =>
    Effect.gen(function*() {
      const { ended, interrupted, take } = yield* agent
      yield* TestClock.adjust("5 seconds")
      yield* Deferred.await(interrupted)
      assert.strictEqual(refusal(yield* take)[0], -32002)
      assert.isTrue(Exit.isSuccess(yield* ended))
    }))
})
