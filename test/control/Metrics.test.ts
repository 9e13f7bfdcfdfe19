import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { DaemonLifecycle } from "../../src/control/DaemonLifecycle.ts"
import { makeMetrics } from "../../src/control/handlers/Metrics.ts"
import { MetricsBook, pluginGauges } from "../../src/control/MetricsBook.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"

const at = "2026-01-01T00:00:00.000Z"
const run = (kind: string, payload: object = {}) => ({
  workflow_id: "w",
  kind,
  payload: { ...payload },
  occurred_at: at
})
const daemon = (kind: string, payload: object = {}) => ({ id: "1", kind, payload: { ...payload }, occurred_at: at })
const phase = (phase_status: string, duration_ms?: number) => ({
  phase_id: "test",
  phase_status,
  ...(duration_ms === undefined ? {} : { duration_ms })
})

it("counts what everybody is told", () => {
  const book = new MetricsBook()
  book.workflow(run("phase_completed", phase("decision")))
  book.workflow(run("phase_completed", phase("manual_pending")))
  book.workflow(run("phase_completed", phase("completed", 4)))
  book.workflow(run("phase_completed", phase("completed", 5)))
  book.workflow(run("phase_completed", phase("rework", 60_000)))
  book.workflow(run("phase_failed", phase("failed")))
  book.workflow(run("workflow_completed", { final_status: "completed" }))
  book.workflow(run("workflow_failed", { final_status: "escalated" }))
  book.workflow(run("workflow_cancelled"))
  book.daemon(daemon("plugin-restart", { plugin: "p" }))
  book.daemon(daemon("plugin-restart", { plugin: "p" }))
  book.daemon(daemon("plugin-crashed", { plugin: "p" }))
  book.daemon(daemon("trigger-plugin-event", { plugin: "t", routed: false }))
  book.daemon({ ...daemon("odd"), payload: null })
  const { "subscription_events_total{kind=phase_completed}": told, ...counters } = book.counters
  assert.strictEqual(told, 5)
  assert.deepStrictEqual(Object.entries(counters).filter(([key]) => !key.startsWith("subscription_")), [
    ["phase_executions_total{status=completed}", 2],
    ["phase_executions_total{status=rework}", 1],
    ["phase_executions_total{status=failed}", 1],
    ["workflow_runs_total{status=completed}", 1],
    ["workflow_runs_total{status=escalated}", 1],
    ["workflow_runs_total{status=cancelled}", 1],
    ["plugin_restarts_total{plugin=p}", 2],
    ["plugin_disabled_total{plugin=p}", 1],
    ["trigger_events_total{plugin=t,routed=false}", 1]
  ])
  const spans = book.histograms["phase_duration_seconds{phase_name=test}"]
  assert.deepInclude(spans, { count: 3, sum_seconds: 60.009 })
  assert.deepStrictEqual(spans?.buckets.map(({ count, le_seconds }) => [le_seconds, count]), [
    [0.001, 0],
    [0.005, 2],
    [0.01, 0],
    [0.05, 0],
    [0.1, 0],
    [0.5, 0],
    [1, 0],
    [2.5, 0],
    [5, 0],
    [10, 0],
    [null, 1]
  ])
})

it("does not grow without end, whatever phases are named", () => {
  const book = new MetricsBook()
  for (let name = 0; name < 5000; name++) {
    book.workflow(run("phase_completed", { ...phase("completed", 1), phase_id: `p${name}` }))
    book.daemon(daemon("plugin-restart", { plugin: `p${name}` }))
  }
  assert.strictEqual(Object.keys(book.histograms).length, 2000)
  assert.strictEqual(Object.keys(book.counters).length, 2000)
  assert.strictEqual(book.counters["phase_executions_total{status=completed}"], 5000)
})

it("says how many plugins there are of each kind", () => {
  assert.deepStrictEqual(pluginGauges(["provider", "custom", "provider"]), {
    plugins_installed_total: 3,
    "plugins_installed{kind=provider}": 2,
    "plugins_installed{kind=custom}": 1
  })
})

it.effect("hears of both what runs do and what the daemon does", () =>
  Effect.gen(function*() {
    const metrics = yield* makeMetrics
    const { publish } = yield* Notifications
    yield* publish("workflow", [run("workflow_cancelled")])
    yield* publish("daemon", [daemon("plugin-crashed", { plugin: "p" })])
    const { captured_at, counters, gauges, histograms, uptime_seconds } = yield* metrics.pipe(
      Effect.tap(Effect.yieldNow),
      Effect.repeat({ until: ({ counters }) => Object.keys(counters).length === 4 })
    )
    assert.strictEqual(counters["workflow_runs_total{status=cancelled}"], 1)
    assert.strictEqual(counters["plugin_disabled_total{plugin=p}"], 1)
    assert.deepStrictEqual(gauges, { daemon_uptime_seconds: 0, plugins_installed_total: 0 })
    assert.deepStrictEqual([histograms, uptime_seconds, captured_at], [{}, 0, "1970-01-01T00:00:00.000Z"])
  }).pipe(Effect.provide([
    Layer.mock(PluginCatalog)({ discovery: Effect.succeed({ plugins: [], warnings: [] }) }),
    DaemonLifecycle.layer({ pid: 7, version: "1", logPath: "/l" }),
    Notifications.layer
  ])))
