/** `daemon/metrics`: counted from the moment the handlers are there, out of what everybody is told. */
import { Clock, DateTime, Effect, Stream } from "effect"
import type { DaemonMetrics } from "../../../schemas/control/DaemonRpcs.ts"
import { Notifications, type Topic, type Topics } from "../../notify/Notifications.ts"
import { PluginCatalog } from "../../plugin/PluginCatalog.ts"
import { DaemonLifecycle } from "../DaemonLifecycle.ts"
import { MetricsBook, pluginGauges } from "../MetricsBook.ts"

const follow = Effect.fnUntraced(function*<T extends Topic>(topic: T, write: (event: Topics[T]) => void) {
  const notifications = yield* Notifications
  const deliveries = yield* notifications.subscribe(topic)
  yield* Effect.forkScoped(Stream.runForEach(
    deliveries,
    (delivery) => Effect.sync(() => delivery._tag === "Items" ? delivery.items.forEach(write) : undefined)
  ))
})

export const makeMetrics = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const { startedAt } = yield* DaemonLifecycle
  const book = new MetricsBook()
  yield* follow("workflow", (event) => book.workflow(event))
  yield* follow("daemon", (event) => book.daemon(event))
  return Effect.gen(function*() {
    const { plugins } = yield* catalog.discovery
    const uptime_seconds = Math.max(0, (yield* Clock.currentTimeMillis) - startedAt) / 1000
    const measured: DaemonMetrics = {
      counters: book.counters,
      gauges: {
        daemon_uptime_seconds: uptime_seconds,
        ...pluginGauges(plugins.map(({ manifest }) => manifest.plugin_kind))
      },
      histograms: book.histograms,
      captured_at: DateTime.formatIso(yield* DateTime.now),
      uptime_seconds
    }
    return measured
  })
})
