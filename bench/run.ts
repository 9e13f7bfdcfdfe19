/**
 * `npm run bench` runs every benchmark, `npm run bench -- NAME` one of them; `--json` prints each report as one JSON object on
 * a line of its own. A missed target is a figure, not a failure: the exit code says whether the benchmarks could be run.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Schema, Stdio, Stream } from "effect"
import { parseArgs } from "node:util"
import { Figures, measured, sides } from "./apart.ts"
import { fanout } from "./fanout.ts"
import { type Benchmark, type Entrant, machine, type Part, render } from "./harness.ts"
import { plugin } from "./plugin.ts"
import { recovery } from "./recovery.ts"
import { runs } from "./runs.ts"
import { start } from "./start.ts"
import { store } from "./store.ts"

const benchmarks: Readonly<Record<string, Benchmark>> = { start, plugin, fanout, store, runs, recovery }

const LIMIT = "5 minutes"

const { positionals, values: { json, part, side } } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, part: { type: "string" }, side: { type: "string" } }
})

const one = Effect.fnUntraced(function*(name: string, { parts, summary }: Benchmark) {
  const figures = yield* Effect.forEach(
    Object.entries(parts),
    ([part, how]) =>
      Effect.timeoutOrElse(measured(name, part, how), {
        duration: LIMIT,
        orElse: () => Effect.fail(`the benchmark ${name}, ${part}, did not end within ${LIMIT}`)
      })
  )
  const report = { name, machine, figures: figures.flat() }
  yield* Console.log(json ? JSON.stringify(report) : `${render(report, summary)}\n`)
})

/** A round for each line, until there are no more. */
const serve = Effect.fnUntraced(function*({ round }: Entrant) {
  const { stdin } = yield* Stdio.Stdio
  const taken = yield* round
  yield* Stream.runForEach(Stream.splitLines(Stream.decodeText(stdin)), () => Effect.flatMap(taken, Console.log))
}, Effect.scoped)

const ofPart = Effect.fnUntraced(function*(how: Part) {
  if (Effect.isEffect(how)) return yield* Console.log(yield* Schema.encodeEffect(Figures)(yield* how))
  const name = sides.find((name) => name === side)
  return name === undefined ? yield* Effect.fail(`name a side: ${sides.join(" or ")}`) : yield* serve(how[name])
})

const main = Effect.gen(function*() {
  const unknown = positionals.filter((name) => benchmarks[name] === undefined)
  if (unknown.length > 0) {
    return yield* Effect.fail(`no benchmark "${unknown.join(" ")}": name one of ${Object.keys(benchmarks).join(", ")}`)
  }
  const asked = Object.entries(benchmarks).filter(([name]) => positionals.length === 0 || positionals.includes(name))
  if (part !== undefined) {
    const how = asked.flatMap(([, { parts }]) => parts[part] ?? [])[0]
    return how === undefined ? yield* Effect.fail(`no part "${part}"`) : yield* ofPart(how)
  }
  if (!json) yield* Console.log(`Node ${machine.node}, ${machine.cpus} CPUs; medians (least - greatest)\n`)
  for (const [name, benchmark] of asked) yield* one(name, benchmark)
})

NodeRuntime.runMain(Effect.provide(main, NodeServices.layer))
