/** The clock of schedules, moved by hand, over a queue and records that outlive a daemon. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as DispatchQueueMemory from "../../layers/DispatchQueueMemory.ts"
import * as ScheduleStoreMemory from "../../layers/ScheduleStoreMemory.ts"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import { runStarted } from "../../layers/Testing.ts"
import { SessionStoreFailed, StoreFull } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { ScheduleDefinition, ScheduleRecords } from "../../schemas/Schedule.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import * as ScheduleClock from "../../src/schedule/ScheduleClock.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"

const every: ScheduleDefinition = { id: "s", cron: "* * * * *", workflow_ref: "w", enabled: true, input: { a: 1 } }

const daemon = (
  place: { records: ScheduleRecords },
  schedules: ReadonlyArray<ScheduleDefinition>,
  queue: Layer.Layer<DispatchQueue> = DispatchQueueMemory.layer
) =>
  ScheduleClock.layer.pipe(
    Layer.provideMerge(queue),
    Layer.provideMerge(SessionStoreMemory.layer),
    Layer.provide([ScheduleStoreMemory.layerOf(place), Workflows.layerOf([], [], schedules), Notifications.layer])
  )

const queued = Effect.flatMap(DispatchQueue, ({ list }) => list)

/** The run of what is queued begins and ends. */
const finish = Effect.gen(function*() {
  const queue = yield* DispatchQueue
  const run = RunId.make("r")
  yield* queue.lease(run)
  yield* queue.complete(run)
})

describe("the clock of schedules", () => {
  it.effect("queues what is due, once a minute, as work of its own kind", () =>
    Effect.gen(function*() {
      const place: { records: ScheduleRecords } = { records: {} }
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("30 seconds")
        const [entry, ...others] = yield* queued
        assert.deepStrictEqual(others, [])
        assert.deepInclude(entry?.dispatch, {
          workflow_ref: "w",
          input: { a: 1 },
          trigger_source: "schedule",
          requested_at: "1970-01-01T00:00:00.000Z"
        })
        assert.strictEqual(entry?.dispatch.subject.id, "schedule:s")
        yield* finish
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(yield* queued, [])
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* queued).length, 1)
        assert.deepInclude(place.records["s"], { run_count: 2, missed_count: 0, last_run: "1970-01-01T00:01:00.000Z" })
      }).pipe(Effect.provide(daemon(place, [every, { ...every, id: "off", enabled: false }])))
    }))

  it.effect("starts nothing while the last work is not over, and says so", () =>
    Effect.gen(function*() {
      const place: { records: ScheduleRecords } = { records: {} }
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual((yield* queued).length, 1)
        assert.deepInclude(place.records["s"], { run_count: 1, missed_count: 2, last_status: "overlapped" })
      }).pipe(Effect.provide(daemon(place, [every])))
    }))

  it.effect("starts nothing beside a run of it that somebody has retried, which has no entry any more", () =>
    Effect.gen(function*() {
      const place: { records: ScheduleRecords } = { records: {} }
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 second")
        yield* finish
        const { append } = yield* SessionStore
        const subject = { kind: "custom", id: "schedule:s", labels: [], metadata: {} }
        const started = runStarted("w")
        assert(started._tag === "RunStarted")
        yield* append(RunId.make("r"), 0, [
          { ...started, dispatch: { ...started.dispatch, subject } },
          { _tag: "RunFailed", reason: "no" },
          { _tag: "RunRetried", phase: "review" }
        ])
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* queued, [])
        assert.deepInclude(place.records["s"], { run_count: 1, missed_count: 1, last_status: "overlapped" })
        yield* append(RunId.make("r"), 3, [{ _tag: "RunCompleted", reason: "done" }])
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* queued).length, 1)
        assert.deepInclude(place.records["s"], { run_count: 2, missed_count: 1, last_status: "dispatched" })
      }).pipe(Effect.provide(daemon(place, [every])))
    }))

  it.effect.each<readonly [string, ReadonlyArray<ScheduleDefinition>]>([
    ["disabled", [{ ...every, enabled: false }]],
    ["not in any file", []]
  ])("misses nothing while a schedule is %s", ([, schedules]) =>
    Effect.gen(function*() {
      const seen = "1970-01-01T00:00:00.000Z"
      const place: { records: ScheduleRecords } = { records: { s: { seen, run_count: 3, missed_count: 4 } } }
      yield* TestClock.adjust("2 hours").pipe(Effect.provide(daemon(place, schedules)))
      assert.deepStrictEqual(place.records["s"], { seen: "1970-01-01T02:00:00.000Z", run_count: 3, missed_count: 4 })
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust(0).pipe(Effect.provide(daemon(place, [every])))
      assert.deepInclude(place.records["s"], { run_count: 4, missed_count: 4 })
    }))

  it.effect("never starts a minute twice over a restart, and counts what was missed between", () =>
    Effect.gen(function*() {
      const place: { records: ScheduleRecords } = { records: {} }
      const life = Effect.gen(function*() {
        yield* TestClock.adjust("1 second")
        return (yield* queued).length
      })
      assert.strictEqual(yield* life.pipe(Effect.provide(daemon(place, [every]))), 1)
      assert.strictEqual(yield* life.pipe(Effect.provide(daemon(place, [every]))), 0)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* life.pipe(Effect.provide(daemon(place, [every]))), 1)
      assert.deepInclude(place.records["s"], { run_count: 2, missed_count: 4 })
    }))

  it.effect("asks the queue what became of a minute that a crash left open", () =>
    Effect.gen(function*() {
      const open = { last_run: "1970-01-01T00:00:00.000Z", last_status: "dispatching" as const }
      const record = { ...open, seen: open.last_run, run_count: 0, missed_count: 0 }
      const place: { records: ScheduleRecords } = { records: { s: record } }
      yield* TestClock.adjust(0).pipe(Effect.provide(daemon(place, [every])))
      assert.deepInclude(place.records["s"], { last_status: "lost", missed_count: 1, run_count: 0 })
    }))

  it.effect("counts what the queue refuses", () =>
    Effect.gen(function*() {
      const place: { records: ScheduleRecords } = { records: {} }
      const full = Layer.mock(DispatchQueue, {
        list: Effect.succeed([]),
        enqueue: () => Effect.fail(new SessionStoreFailed({ reason: new StoreFull({ path: "queue" }) }))
      })
      yield* TestClock.adjust("1 second").pipe(Effect.provide(daemon(place, [every], full)))
      assert.deepInclude(place.records["s"], { last_status: "refused", missed_count: 1, run_count: 0 })
    }))
})
