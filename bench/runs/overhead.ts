/** What a run costs beside its work: five agents that answer at once, over files, until the run has ended. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import * as Test from "../../layers/Test.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { eachOf, figure, interleave, percentile } from "../harness.ts"
import { scratchScope } from "../scratch.ts"
import { agentPhase } from "./history.ts"

const RUNS = 50
const ROUNDS = 5

const workflow: WorkflowDefinition = {
  id: "five",
  name: "five",
  variables: [],
  phases: [agentPhase("one"), agentPhase("two"), agentPhase("three"), agentPhase("four"), agentPhase("five")]
}

const dispatch: SubjectDispatch = {
  subject: { kind: "custom", id: "custom:1", title: "Totals are wrong", labels: [], metadata: {} },
  workflow_ref: "five",
  vars: {},
  trigger_source: "bench",
  requested_at: "2026-01-01T00:00:00.000Z"
}

let runs = 0
const next = () => RunId.make(`run-${++runs}`)

const whole = Effect.gen(function*() {
  const engine = yield* RunEngine
  const run = next()
  yield* engine.start(run, dispatch)
  const { status } = yield* engine.settled(run)
  if (status !== "completed") return yield* Effect.fail(`a run came to be ${status}`)
})

/** The same journal, line by line, written and synced with nothing around it. */
const bareJournal = Effect.fnUntraced(function*(lines: ReadonlyArray<string>) {
  const { scopeDir } = yield* ProjectScope
  const folder = Path.join(scopeDir, next())
  yield* Effect.promise(async () => {
    await Fs.mkdir(folder)
    const file = await Fs.open(Path.join(folder, "journal.jsonl"), "a")
    for (const line of lines) {
      await file.write(line)
      await file.datasync()
    }
    await file.close()
  })
})

const measure = Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  yield* whole
  const journal = yield* Effect.promise(() =>
    Fs.readFile(Path.join(scopeDir, "runs", `run-${runs}`, "journal.jsonl"), "utf8")
  )
  const lines = journal.trimEnd().split("\n").map((line) => `${line}\n`)
  const { baseline, ours } = yield* interleave(
    { rounds: ROUNDS, warmUp: 1 },
    { name: "a run of five phases", round: eachOf(RUNS, () => whole) },
    { name: `its ${lines.length} events, written and synced bare`, round: eachOf(RUNS, () => bareJournal(lines)) }
  )
  const at = (share: number) => ({
    ours: ours.samples.map((taken) => percentile(taken, share)),
    baseline: baseline.samples.map((taken) => percentile(taken, share))
  })
  const [half, most] = [at(0.5), at(0.99)]
  return [
    figure("ms", { name: `${ours.name}, half of them`, samples: half.ours }, {
      name: baseline.name,
      samples: half.baseline
    }, { of: "value", is: "under", limit: 25 }),
    figure("ms", { name: `${ours.name}, 99 of 100`, samples: most.ours }, {
      name: baseline.name,
      samples: most.baseline
    })
  ]
})

const daemon = Test.layerOver({ workflows: [workflow], agent: () => Effect.succeed("done") })
const store = SessionStoreFile.layer.pipe(Layer.provide(scratchScope))

export const overhead = Effect.provide(measure, Layer.mergeAll(Layer.provide(daemon, store), scratchScope))
