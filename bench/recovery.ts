/**
 * A daemon that is killed while a command of a run is in flight: from the start of a new daemon until the phase, which is
 * idempotent, is at work again. The old copy of the command is ended in between.
 */
import { Effect } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { animus, ask, endDaemon, type Scratch, scratchProject, startDaemon } from "./daemon.ts"
import { type Benchmark, figure, millis } from "./harness.ts"

const ROUNDS = 5

const workflow = `default_workflow_ref: work
tools_allowlist: [sh]
phases:
  work: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "echo >> started; exec sleep 600"] } }
workflows:
  - { id: work, phases: [work] }
`

const startsOf = ({ project }: Scratch) => {
  const file = Path.join(project, "started")
  return Effect.sync(() => Fs.existsSync(file) ? Fs.readFileSync(file, "utf8").length : 0)
}

const begin = (scratch: Scratch) =>
  Effect.sync(() => {
    Fs.writeFileSync(Path.join(scratch.project, ".animus", "workflows.yaml"), workflow)
    animus(scratch, "trust")
    const { id } = ask(scratch, "subject", "create", "--title", "A task")
    animus(scratch, "workflow", "run", id)
  })

const atWork = (scratch: Scratch, times: number) =>
  Effect.gen(function*() {
    while ((yield* startsOf(scratch)) < times) yield* Effect.sleep("2 millis")
  }).pipe(Effect.timeout("20 seconds"))

const restarts = Effect.scoped(Effect.gen(function*() {
  const scratch = yield* scratchProject
  let daemon = yield* startDaemon(scratch)
  yield* begin(scratch)
  const working: Array<number> = []
  const ready: Array<number> = []
  for (let round = 1; round <= ROUNDS; round++) {
    yield* atWork(scratch, round)
    yield* endDaemon(daemon.pid, "SIGKILL")
    working.push(
      yield* millis(Effect.gen(function*() {
        daemon = yield* startDaemon(scratch)
        yield* atWork(scratch, round + 1)
      }))
    )
    ready.push(daemon.readyAfter)
  }
  return [figure(
    "ms",
    { name: "from start until the phase is at work again", samples: working },
    { name: "of that, until the socket answers", samples: ready },
    { of: "value", is: "under", limit: 1500 }
  )]
}))

export const recovery: Benchmark = {
  summary: "a daemon killed in the middle of a command, started again",
  parts: { restarts }
}
