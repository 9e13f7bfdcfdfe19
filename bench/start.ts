/** What a person waits for: the daemon until its socket answers, and `animus status`, against the smallest Node program. */
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { animus, node, type Scratch, scratchProject, startDaemon } from "./daemon.ts"
import { type Benchmark, type Figure, figure, interleave, millis, nothing } from "./harness.ts"

const bareNode = { name: "node -e 0", round: millis(Effect.sync(() => execFileSync(node, ["-e", "0"]))) }

const ready = (scratch: Scratch) =>
  Effect.map(
    interleave({ rounds: 7, warmUp: 1 }, {
      name: "daemon run, until its socket answers",
      round: Effect.scoped(Effect.map(startDaemon(scratch), ({ readyAfter }) => readyAfter))
    }, bareNode),
    ({ baseline, ours }) => [figure("ms", ours, baseline, { of: "value", is: "under", limit: 400 })]
  )

const status = (scratch: Scratch) =>
  Effect.scoped(Effect.gen(function*() {
    yield* startDaemon(scratch)
    const { baseline, ours } = yield* interleave(
      { rounds: 15, warmUp: 2 },
      { name: "animus status", round: millis(Effect.sync(() => animus(scratch, "status"))) },
      bareNode
    )
    return [figure("ms", ours, baseline, { of: "ratio", is: "at most", limit: 3.5 })]
  }))

const TICKS_PER_SECOND = 100
const cpuSeconds = (pid: number): number => {
  const stat = Fs.readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
const residentMegabytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(Fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024

const idle = (scratch: Scratch) =>
  Effect.scoped(Effect.gen(function*() {
    const { pid } = yield* startDaemon(scratch)
    // What its start left for V8 to collect is no part of idleness.
    yield* Effect.sleep("20 seconds")
    const before = cpuSeconds(pid)
    yield* Effect.sleep("10 seconds")
    const cpu = (cpuSeconds(pid) - before) / 10 * 100
    const self = { name: "this benchmark's own process", samples: [residentMegabytes(process.pid)] }
    return [
      figure("% of a core", { name: "idle daemon, from its 20th to its 30th second", samples: [cpu] }, nothing, {
        of: "value",
        is: "under",
        limit: 0.5
      }),
      figure("MB", { name: "idle daemon, resident", samples: [residentMegabytes(pid)] }, self)
    ]
  }))

const measured = (figures: (scratch: Scratch) => Effect.Effect<ReadonlyArray<Figure>, unknown>) =>
  Effect.scoped(Effect.flatMap(scratchProject, figures))

export const start: Benchmark = {
  summary: "from nothing to ready, and at rest",
  parts: {
    ready: measured(ready),
    status: measured(status),
    idle: measured(idle)
  }
}
