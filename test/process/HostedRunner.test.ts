/** Workflows that a stranger's plugin executes as a whole: what it says is the run's history, its end is the run's end. */
import { assert, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const RUNNER = "strangers-runner"
const workflows = `
default_workflow_ref: theirs
phases:
  plan: { mode: manual, manual: { instructions: never asked } }
  build: { mode: manual, manual: { instructions: never asked } }
workflows: [{ id: theirs, phases: [plan, build] }]
`

class Site extends Workplace {
  constructor() {
    super(workflows)
    writeFileSync(join(this.root, "state", "config.json"), JSON.stringify({ daemon: { runner: RUNNER } }))
    this.install(RUNNER, fixture("runner-of-a-stranger"))
    this.start()
  }

  /** What its subject is called is what happens. */
  execute(title: string): Promise<string> {
    return this.begin("theirs", title)
  }

  story(run: string): ReadonlyArray<string> {
    return this.events(run).map(({ _tag, attempt, phase }) =>
      phase === undefined ? _tag : `${_tag} ${phase} ${attempt}`
    )
  }

  /** What the status of its subject is by now. */
  async subjectOf(run: string): Promise<string> {
    const { subject_id } = await this.ask("workflow/get", { id: run })
    return (await this.ask("subject/get", { id: subject_id })).status
  }
}

const plan = ["RunStarted", "PhaseStarted plan 1", "PhaseCompleted plan 1"]

describe("a run that a stranger's runner executes", () => {
  let site: Site
  let typist: ReturnType<typeof operator>
  beforeAll(() => {
    site = new Site()
    typist = operator(site)
  })
  afterAll(() => site.end())

  it("has each fact once, whether it was told on the way, in the answer, or in both", async () => {
    const run = await site.execute("well")
    await site.settled(run)
    assert.deepStrictEqual(site.story(run), [...plan, "PhaseStarted build 1", "PhaseCompleted build 1", "RunCompleted"])
    const [first, second] = site.events(run).filter(({ _tag }) => _tag === "PhaseCompleted")
    assert.deepInclude(first?.decision, { verdict: "advance", confidence: 0.8, source: "agent" })
    assert.deepInclude(second?.decision, { verdict: "advance", source: "default" })
    assert.strictEqual(await site.subjectOf(run), "done")
    assert.match((await typist.type("workflow", "get", run)).stdout, /executed +by plugin strangers-runner/)
    assert.deepStrictEqual(site.lines("executions.well"), [run])
  })

  it("fails as its runner says, and says why", async () => {
    const run = await site.execute("badly")
    const { reason } = await site.settled(run)
    assert.strictEqual(reason, `plugin ${RUNNER} reports it as failed: phase "build" failed`)
    assert.strictEqual(await site.subjectOf(run), "blocked")
    const refused = await typist.type("workflow", "retry", run)
    assert.strictEqual(refused.status, 2)
    assert.include(refused.stderr, `animus workflow fork ${run}`)
  })

  it("is held where its runner pauses it, and handed over again by a person's word", async () => {
    const run = await site.execute("gate")
    const { reason } = await site.settled(run)
    assert.include(reason, "resuming the run hands it to the plugin again")
    await typist.answer("workflow", "resume", run)
    assert.strictEqual((await site.settled(run)).state, "completed")
    assert.deepStrictEqual(site.lines("executions.gate"), [run, run])
    assert.deepStrictEqual(site.story(run), [
      ...plan,
      "RunPaused",
      "RunResumed",
      "PhaseStarted plan 2",
      "PhaseCompleted plan 2",
      "PhaseStarted build 1",
      "PhaseCompleted build 1",
      "RunCompleted"
    ])
  })

  it("is blocked when its runner dies over it, and not executed again without a person's word", async () => {
    const run = await site.execute("dies")
    const { reason } = await site.settled(run)
    assert.match(reason, /Plugin strangers-runner executed this run and did not come to its end.*exit code 3/)
    assert.deepStrictEqual(site.story(run), ["RunStarted", "PhaseStarted plan 1", "RecoveryDecided plan 1"])
    assert.deepStrictEqual(site.lines("executions.dies"), [run])
    await typist.answer("workflow", "resume", run, "--force")
    assert.strictEqual((await site.settled(run)).state, "completed")
    assert.deepStrictEqual(site.lines("executions.dies"), [run, run])
  })

  it("cannot be paused; ends when it is cancelled; is blocked when its daemon is killed over it", async () => {
    const cancelled = await site.execute("endless")
    await until("it is at work", () => site.running("608").length === 1)
    assert.include((await typist.type("workflow", "pause", cancelled)).stderr, `animus workflow cancel ${cancelled}`)
    await typist.answer("workflow", "cancel", cancelled, "--confirm", cancelled)
    assert.deepStrictEqual(site.running("608"), [])
    assert.deepStrictEqual(site.story(cancelled).slice(-2), ["CancelRequested", "RunCancelled"])
    assert.strictEqual(await site.subjectOf(cancelled), "ready")

    const orphan = await site.execute("endless")
    await until("it is at work", () => site.running("608").length === 1)
    await until("it is heard", () => site.story(orphan).includes("PhaseStarted plan 1"))
    site.kill()
    site.start()
    const { reason } = await site.settled(orphan)
    assert.include(reason, "The daemon ended while plugin strangers-runner executed this run")
    assert.deepStrictEqual(site.running("608"), [])
    assert.deepStrictEqual(site.lines("executions.endless"), [cancelled, orphan])
    await typist.answer("workflow", "cancel", orphan, "--confirm", orphan)
  })
})
