import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { TriggerWatch } from "../../src/trigger/TriggerWatch.ts"
import { finishNext, makeWorld, queued } from "./World.ts"

const list = DispatchQueue.use((queue) => queue.list)
const turns = Effect.replicateEffect(Effect.yieldNow, 200, { discard: true })

describe("TriggerWatch", () => {
  it.effect("tells the plugin what to look for, queues the work of an event and says so", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const plugin = yield* world.watched
        assert.deepStrictEqual(plugin.params, {
          config: { triggers: [{ id: "ci", workflow_ref: "build", config: { repo: "x" } }] }
        })
        yield* plugin.event("1")
        assert.deepStrictEqual(yield* world.ack, { event_id: "1", status: "queued" })
        yield* plugin.event("2", { trigger_id: "nobody's" })
        assert.deepStrictEqual(yield* world.ack, { event_id: "2", status: "unmatched" })
        const [entry, ...others] = yield* list
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual([
          entry?.dispatch.workflow_ref,
          entry?.dispatch.subject.id,
          entry?.dispatch.trigger_source
        ], [
          "build",
          "trigger:ci",
          "plugin"
        ])
        assert.deepStrictEqual(entry?.dispatch.input, { n: "1", __animus_event_id: "1", __animus_trigger_id: "ci" })
        assert.deepStrictEqual(yield* TriggerWatch.use(({ watched }) => watched), [
          { plugin: "hooks", watching: true, pending: 0, dropped: 0 }
        ])
      }))
    }))

  it.effect("keeps the place and the known events before it answers, over restarts of plugin and daemon", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const plugin = yield* world.watched
        yield* plugin.event("1")
        yield* world.ack
        assert.deepStrictEqual(world.records.get("hooks"), { cursor: "1", seen: ["1"], pending: [], dropped: 0 })
        yield* plugin.event("2", { cursor: { page: 9 } })
        yield* world.ack
      }))
      assert.deepStrictEqual(yield* world.ack, { event_id: "2", status: "shutdown" })
      yield* world.daemon(Effect.gen(function*() {
        const again = yield* world.watched
        assert.deepStrictEqual((again.params as { readonly cursor: unknown }).cursor, { page: 9 })
        yield* again.event("1")
        assert.deepStrictEqual(yield* world.ack, { event_id: "1", status: "queued" })
        assert.deepStrictEqual(yield* list, [])
        yield* again.event("3")
        yield* world.ack
        const kept = { cursor: { page: 9 }, own: true, seen: ["1", "2", "3"], pending: [], dropped: 0 }
        assert.deepStrictEqual(world.records.get("hooks"), kept, "what says no place moves none that was said")
      }))
    }))

  it.effect("subscribes again when the plugin has crashed, and again after its stream failed", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const first = yield* world.watched
        yield* first.event("1")
        yield* world.ack
        yield* first.end(1)
        yield* TestClock.adjust("5 seconds")
        const second = yield* world.watched
        assert.strictEqual((second.params as { readonly cursor: unknown }).cursor, "1")
        yield* second.event("2")
        yield* world.ack
        yield* second.say({
          jsonrpc: "2.0",
          method: "trigger/event",
          params: { error: { code: -32603, message: "the source is gone" } }
        })
        yield* turns
        yield* TestClock.adjust("5 seconds")
        const third = yield* world.watched
        assert.strictEqual((third.params as { readonly cursor: unknown }).cursor, "2")
        assert.deepStrictEqual(yield* queued, ["hooks:1", "hooks:2"])
      }))
    }))

  it.effect("tells of each restart of its plugins, and of the last", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const deliveries = yield* Notifications.use((notifications) => notifications.subscribe("daemon"))
        const told = yield* deliveries.pipe(
          Stream.flatMap((delivery) => Stream.fromIterable(delivery._tag === "Items" ? delivery.items : [])),
          Stream.filter(({ kind }) => /^trigger-plugin-(restart|crashed)$/.test(kind)),
          Stream.take(6),
          Stream.runCollect,
          Effect.forkChild
        )
        for (let start = 0; start < 6; start++) {
          yield* (yield* world.watched).end(3)
          yield* TestClock.adjust("20 seconds")
        }
        const events = yield* Fiber.join(told)
        assert.deepStrictEqual(events.slice(0, 5).map(({ payload }) => payload), [
          { plugin: "hooks", attempt: 1, delay_ms: 1000 },
          { plugin: "hooks", attempt: 2, delay_ms: 2000 },
          { plugin: "hooks", attempt: 3, delay_ms: 4000 },
          { plugin: "hooks", attempt: 4, delay_ms: 8000 },
          { plugin: "hooks", attempt: 5, delay_ms: 16_000 }
        ])
        const last = events[5]
        assert.strictEqual(last?.kind, "trigger-plugin-crashed")
        assert.include(JSON.stringify(last?.payload), "exit code 3")
      }))
    }))

  it.effect("is back with a plugin that was given up, once an operator restarts it", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const host = yield* PluginHost
        for (let starts = 0; starts < 6; starts++) {
          yield* (yield* world.watched).end(1)
          yield* TestClock.adjust("30 seconds")
        }
        assert.strictEqual((yield* host.status("hooks")).state, "disabled")
        assert.strictEqual(yield* Queue.size(world.watches), 0)
        yield* host.restart("hooks", "an operator restarted it")
        yield* TestClock.adjust("2 seconds")
        yield* (yield* world.watched).event("1")
        assert.deepStrictEqual(yield* world.ack, { event_id: "1", status: "queued" })
      }))
    }))

  it.effect("lets go of one that was uninstalled beside it, in one line", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const plugin = yield* world.watched
        world.uninstalled.add("hooks")
        yield* plugin.end(1)
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* TriggerWatch.use(({ watched }) => watched), [
          { plugin: "hooks", watching: false, pending: 0, dropped: 0 }
        ])
      }))
      const said = world.lines.filter((line) => line.includes("watche") || line.includes("does not watch"))
      assert.deepStrictEqual(said.length, 2, said.join("\n"))
      assert.include(said[1], "hooks is no longer installed, so it is no longer watched for triggers")
    }))

  it.effect("waits for a queue that takes nothing, and loses nothing", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.gate.open = yield* Deferred.make<void>()
      yield* world.daemon(Effect.gen(function*() {
        const plugin = yield* world.watched
        const sending = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 500 }, (_, at) => String(at)), (id) => plugin.event(id), {
            discard: true
          })
        )
        yield* turns
        assert.isUndefined(sending.pollUnsafe())
        assert.strictEqual(yield* Queue.size(world.acks), 0)
        yield* Deferred.succeed(world.gate.open, undefined)
        for (let at = 0; at < 500; at++) assert.strictEqual((yield* world.ack).event_id, String(at))
        assert.strictEqual((yield* list).length, 500)
      }))
    }))

  it.effect("queues a second event about a queued subject when that has left the queue", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* world.daemon(Effect.gen(function*() {
        const plugin = yield* world.watched
        for (const id of ["1", "2"]) {
          yield* plugin.event(id, { subject_id: "task:7" })
          assert.deepStrictEqual(yield* world.ack, { event_id: id, status: "queued" })
        }
        assert.deepStrictEqual(yield* queued, ["hooks:1"])
        assert.strictEqual(world.records.get("hooks")?.pending.length, 1)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(yield* queued, ["hooks:1"])
        yield* finishNext
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* queued, ["hooks:2"])
        assert.deepStrictEqual(world.records.get("hooks")?.pending, [])
      }))
    }))

  it.effect("does not watch when it is switched off, in any of the words for it", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const variable = "ANIMUS_DAEMON_DISABLE_TRIGGERS"
      yield* world.daemon(turns, { [variable]: "1" })
      assert.strictEqual(yield* Queue.size(world.watches), 0)
      yield* world.daemon(Effect.asVoid(world.watched), { [variable]: "false" })
    }))
})
