import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { table } from "../Table.ts"

/** Of a histogram how often and how long in all; its buckets are for programs. */
export const daemonMetrics = Command.make("metrics", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const measured = yield* control["daemon/metrics"]({})
    const { counters, gauges, histograms } = measured
    const spans = Object.entries(histograms).map(([name, { count, sum_seconds }]) => [
      name,
      `${count} in ${sum_seconds.toFixed(3)} s`
    ])
    const rows = [...Object.entries(gauges), ...Object.entries(counters), ...spans]
    yield* succeed(measured, table(["METRIC", "SINCE THE START"], rows))
  })).pipe(Command.withDescription("Show what was counted since the daemon started"))
