/** A page of `workflow/list` from a daemon with a long history, over its socket. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as Path from "node:path"
import * as ControlConnectionSocket from "../../layers/ControlConnectionSocket.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { scopeOf, type Scratch, scratchProjectInMemory, startDaemon } from "../daemon.ts"
import { eachOf, figure, interleave, nothing, percentile, type Target } from "../harness.ts"
import { waiting, writeFinished, writeRuns } from "./history.ts"

const PAGES = 10
const ROUNDS = 5

const clientOf = (scratch: Scratch) => {
  const scopeDir = scopeOf(scratch)
  const scope = Layer.succeed(ProjectScope, {
    projectRoot: scratch.project,
    projectDir: Path.join(scratch.project, ".animus"),
    configDir: Path.dirname(scopeDir),
    scopeDir,
    socketPath: Path.join(scopeDir, "control.sock")
  })
  return ControlClient.layer.pipe(
    Layer.provide(ControlConnectionSocket.layer),
    Layer.provide(Layer.merge(scope, NodeServices.layer))
  )
}

const target: Target = { of: "value", is: "under", limit: 30 }

const pages = Effect.fnUntraced(function*(count: number) {
  const control = yield* ControlClient
  const compared = Effect.fnUntraced(
    function*(what: string, query: { readonly state?: "waiting"; readonly cursor?: string }) {
      const { baseline, ours } = yield* interleave(
        { rounds: ROUNDS, warmUp: 1 },
        {
          name: `${what} of ${count} runs`,
          round: eachOf(PAGES, () => control["workflow/list"]({ limit: 50, ...query }))
        },
        { name: "an answer that lists nothing", round: eachOf(PAGES, () => control["daemon/status"]({})) }
      )
      const half = ({ name, samples }: typeof ours) => ({
        name,
        samples: samples.map((taken) => percentile(taken, 0.5))
      })
      return figure("ms", half(ours), half(baseline), target)
    }
  )
  return [
    yield* compared("the newest 50", {}),
    yield* compared("50 from the middle", {
      cursor: `2026-01-01T00:00:00.000Z run-${String(count >> 1).padStart(6, "0")}`
    }),
    yield* compared("the 10 that wait", { state: "waiting" })
  ]
})

/** The runs that wait are the oldest. */
const WAITING = 10

export const listing = Effect.scoped(Effect.gen(function*() {
  const scratch = yield* scratchProjectInMemory
  const figures = []
  yield* writeRuns(scopeOf(scratch), [0, WAITING], waiting)
  let there = WAITING
  for (const count of [10_000, 100_000]) {
    yield* writeFinished(scopeOf(scratch), [there, count])
    there = count
    const ofThis = yield* Effect.scoped(Effect.gen(function*() {
      const { readyAfter } = yield* startDaemon(scratch)
      const start = { name: `start with ${count} runs in the history`, samples: [readyAfter] }
      return [figure("ms", start, nothing), ...yield* Effect.provide(pages(count), clientOf(scratch))]
    }))
    figures.push(...ofThis)
  }
  return figures
}))
