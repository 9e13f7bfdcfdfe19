/** A daemon that is started with many runs at their gates: until its socket answers, and what each of them holds in memory. */
import { Effect, Layer } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import * as Test from "../../layers/Test.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { endDaemon, scopeOf, type Scratch, scratchProject, scratchProjectInMemory, startDaemon } from "../daemon.ts"
import { figure, nothing, type Sampled, type Target } from "../harness.ts"
import { scratchScopeInMemory } from "../scratch.ts"
import { waiting, writeRuns } from "./history.ts"

const MANY = 10_000

const startKilled = (scratch: Scratch, rounds: number) =>
  Effect.gen(function*() {
    const samples: Array<number> = []
    for (let round = 0; round < rounds; round++) {
      samples.push(
        yield* Effect.scoped(Effect.gen(function*() {
          const { pid, readyAfter } = yield* startDaemon(scratch)
          yield* endDaemon(pid, "SIGKILL")
          return readyAfter
        }))
      )
    }
    return samples
  })

const target = (count: number): Target | undefined =>
  count === 1000 ? { of: "value", is: "under", limit: 2000 } : undefined

const startsWith = Effect.fnUntraced(
  function*(scratch: Scratch, empty: Sampled, [count, rounds]: readonly [number, number]) {
    yield* writeRuns(scopeOf(scratch), [0, count], waiting)
    const samples = yield* startKilled(scratch, rounds)
    return figure("ms", { name: `start after SIGKILL with ${count} waiting runs`, samples }, empty, target(count))
  }
)

const starts = Effect.scoped(Effect.gen(function*() {
  const scratch = yield* scratchProject
  const empty = { name: "with no run", samples: yield* startKilled(scratch, 3) }
  const some = yield* Effect.forEach([[10, 3], [1000, 3]] as const, (count) => startsWith(scratch, empty, count))
  return [...some, yield* startsWith(yield* scratchProjectInMemory, empty, [MANY, 1])]
}))

const collect = (): number => {
  setFlagsFromString("--expose-gc")
  const gc: unknown = runInNewContext("gc")
  if (typeof gc === "function") gc()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const daemon = Test.layerOver({ workflows: [], agent: () => Effect.succeed("done") })

/** All that the store and the engine keep of them. */
const held = Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  yield* writeRuns(scopeDir, [0, MANY], waiting)
  const before = collect()
  return yield* Effect.gen(function*() {
    const engine = yield* RunEngine
    const heads = yield* engine.recover
    if (heads.length !== MANY) return yield* Effect.fail(`${heads.length} runs were taken up`)
    const bytes = (collect() - before) / MANY
    // Still used, so that it was not collected.
    yield* engine.troubles
    return bytes / 1024
  }).pipe(Effect.provide(daemon.pipe(Layer.provide(SessionStoreFile.layer))))
})

const memory = Effect.map(
  Effect.provide(held, scratchScopeInMemory),
  (kilobytes) =>
    figure("kB", { name: `memory for each of ${MANY} waiting runs`, samples: [kilobytes] }, nothing, {
      of: "value",
      is: "under",
      limit: 40
    })
)

export const unfinished = Effect.gen(function*() {
  return [...yield* starts, yield* memory]
})
