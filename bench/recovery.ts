/** A daemon that was killed while a run waited for a person: from the start of a new one until it tells of the run again. */
import { Effect } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { animus, ask, endDaemon, type Scratch, scratchProject, startDaemon } from "./daemon.ts"
import { type Benchmark, figure, millis } from "./harness.ts"

const ROUNDS = 5

const workflow = `default_workflow_ref: wait
phases:
  review: { mode: manual, manual: { instructions: Decide. } }
workflows:
  - { id: wait, phases: [review] }
`

const begin = (scratch: Scratch): string => {
  Fs.writeFileSync(Path.join(scratch.project, ".animus", "workflows.yaml"), workflow)
  animus(scratch, "trust")
  const { id } = ask(scratch, "subject", "create", "--title", "A task")
  return ask(scratch, "workflow", "run", id).workflow_id
}

const known = (scratch: Scratch, run: string) =>
  Effect.sync(() => {
    const { detail } = ask(scratch, "workflow", "get", run)
    if (detail.state !== "waiting") throw new Error(`the run is ${detail.state}`)
  })

export const recovery: Benchmark = {
  summary: "a killed daemon, started again over a waiting run",
  run: Effect.scoped(Effect.gen(function*() {
    const scratch = yield* scratchProject
    let daemon = yield* startDaemon(scratch)
    const run = begin(scratch)
    const back: Array<number> = []
    const first: Array<number> = [daemon.readyAfter]
    for (let round = 0; round < ROUNDS; round++) {
      yield* endDaemon(daemon.pid, "SIGKILL")
      back.push(
        yield* millis(Effect.gen(function*() {
          daemon = yield* startDaemon(scratch)
          yield* known(scratch, run)
        }))
      )
      first.push(daemon.readyAfter)
    }
    return [figure(
      "ms",
      { name: "until workflow get tells of the run", samples: back },
      { name: "of that, until the socket answers", samples: first }
    )]
  }))
}
