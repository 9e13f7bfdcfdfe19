import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Queue } from "effect"
import { TestClock } from "effect/testing"
import type { DaemonRunEvent } from "../../schemas/control/Events.ts"
import type { DaemonEventRecord } from "../../schemas/Notifier.ts"
import * as Notifiers from "../../src/notifier/Notifiers.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { answer, refuse, serving } from "../plugin/scripted.ts"
import { hostsOf } from "../tools/Hosts.ts"

const happened = (kind: string): DaemonRunEvent => ({
  id: `id-${kind}`,
  occurred_at: "2026-01-01T00:00:00Z",
  kind,
  payload: { of: kind }
})
const turns = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })

/** A notifier that answers as it is told, and what it was told. */
const makeNotifier = Effect.fnUntraced(function*(on: "answers" | "hangs" | "refuses") {
  const told = yield* Queue.unbounded<DaemonEventRecord>()
  const flushed: Array<unknown> = []
  const program = serving(({ id, method, params }, { say }) =>
    Effect.gen(function*() {
      if (method === "notifier/flush") {
        flushed.push(params)
        return yield* say(answer(id, { lifecycle_events: [] }))
      }
      yield* Queue.offer(told, (params as { readonly event: DaemonEventRecord }).event)
      if (on === "refuses") return yield* say(refuse(id, -32603, "no network"))
      if (on === "answers") {
        const event_type = "delivery-done"
        yield* say(answer(id, { accepted: true, delivered: 1, lifecycle_events: [{ event_type, data: {} }] }))
      }
    })
  )
  return { told: Queue.take(told), size: Queue.size(told), flushed, program }
})

const withNotifier = (program: Effect.Success<ReturnType<typeof makeNotifier>>["program"]) =>
  Notifiers.layer.pipe(
    Layer.provide(hostsOf({ mail: { program, facts: { plugin_kinds: ["notifier"] } } })),
    Layer.provideMerge(Notifications.layer)
  )

describe("Notifiers", () => {
  it.effect("tells what happens in the daemon and in its runs, each event one numbered record", () =>
    Effect.gen(function*() {
      const { flushed, program, told } = yield* makeNotifier("answers")
      yield* Effect.gen(function*() {
        const notifications = yield* Notifications
        yield* turns
        yield* notifications.publish("daemon", [happened("status")])
        const first = yield* told
        assert.deepStrictEqual(first, {
          schema: "animus.daemon-event.v1",
          id: "id-status",
          seq: 1,
          timestamp: "2026-01-01T00:00:00Z",
          event_type: "status",
          project_root: "/project",
          data: { of: "status" }
        })
        yield* notifications.publish("workflow", [{
          workflow_id: "r-1",
          kind: "workflow_failed",
          payload: { final_status: "failed" },
          occurred_at: "2026-01-01T00:00:01Z"
        }])
        const second = yield* told
        assert.deepStrictEqual([second.seq, second.event_type, second.data], [2, "workflow_failed", {
          final_status: "failed",
          workflow_id: "r-1"
        }])
      }).pipe(Effect.provide(withNotifier(program)))
      assert.deepStrictEqual(flushed, [{ project_root: "/project" }])
    }))

  it.effect("is not told of its own deliveries", () =>
    Effect.gen(function*() {
      const { program, size, told } = yield* makeNotifier("answers")
      yield* Effect.gen(function*() {
        const notifications = yield* Notifications
        yield* turns
        yield* notifications.publish("daemon", [happened("notification-delivery-done"), happened("status")])
        assert.strictEqual((yield* told).event_type, "status")
        yield* turns
        assert.strictEqual(yield* size, 0)
      }).pipe(Effect.provide(withNotifier(program)))
    }))

  it.effect("holds nobody up while it hangs: loses the oldest, gets ten seconds an event, and two at the end", () =>
    Effect.gen(function*() {
      const { flushed, program, told } = yield* makeNotifier("hangs")
      const leave = yield* Deferred.make<void>()
      const life = yield* Effect.gen(function*() {
        const notifications = yield* Notifications
        yield* turns
        yield* notifications.publish("daemon", [happened("first")])
        for (let at = 0; at < 1500; at++) {
          yield* notifications.publish("daemon", [happened(`e-${at}`)])
          if (at % 50 === 0) yield* turns
        }
        yield* Deferred.await(leave)
      }).pipe(Effect.provide(withNotifier(program)), Effect.forkChild)
      assert.strictEqual((yield* told).event_type, "first")
      yield* Effect.replicateEffect(turns, 40, { discard: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* told).event_type, "e-500")
      yield* Deferred.succeed(leave, undefined)
      yield* turns
      assert.isUndefined(life.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(life)
      assert.deepStrictEqual(flushed, [])
    }))

  it.effect("goes on after a refusal", () =>
    Effect.gen(function*() {
      const { program, told } = yield* makeNotifier("refuses")
      yield* Effect.gen(function*() {
        const notifications = yield* Notifications
        yield* turns
        yield* notifications.publish("daemon", [happened("a"), happened("b")])
        assert.deepStrictEqual([(yield* told).event_type, (yield* told).event_type], ["a", "b"])
      }).pipe(Effect.provide(withNotifier(program)))
    }))
})
