/**
 * `npm run bench` runs every benchmark, `npm run bench -- NAME` one of them; `--json` prints each report as one JSON object on
 * a line of its own. A missed target is a figure, not a failure: the exit code says whether the benchmarks could be run.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Duration, Effect } from "effect"
import { parseArgs } from "node:util"
import { fanout } from "./fanout.ts"
import { type Benchmark, machine, render } from "./harness.ts"
import { plugin } from "./plugin.ts"
import { recovery } from "./recovery.ts"
import { runs } from "./runs.ts"
import { start } from "./start.ts"
import { store } from "./store.ts"

const benchmarks: Readonly<Record<string, Benchmark>> = { start, plugin, fanout, store, runs, recovery }

const LIMIT = "60 seconds"

const one = Effect.fnUntraced(function*(name: string, { limit = LIMIT, run, summary }: Benchmark, json: boolean) {
  const figures = yield* Effect.timeoutOrElse(run, {
    duration: limit,
    orElse: () =>
      Effect.fail(`the benchmark ${name} did not end within ${Duration.format(Duration.fromInputUnsafe(limit))}`)
  })
  const report = { name, machine, figures }
  yield* Console.log(json ? JSON.stringify(report) : `${render(report, summary)}\n`)
})

const { positionals, values: { json } } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } }
})

const main = Effect.gen(function*() {
  const unknown = positionals.filter((name) => benchmarks[name] === undefined)
  if (unknown.length > 0) {
    return yield* Effect.fail(`no benchmark "${unknown.join(" ")}": name one of ${Object.keys(benchmarks).join(", ")}`)
  }
  if (!json) yield* Console.log(`Node ${machine.node}, ${machine.cpus} CPUs; medians (least - greatest)\n`)
  for (const [name, benchmark] of Object.entries(benchmarks)) {
    if (positionals.length === 0 || positionals.includes(name)) yield* one(name, benchmark, json)
  }
})

NodeRuntime.runMain(main)
