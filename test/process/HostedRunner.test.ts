/** Workflows that a stranger's plugin executes as a whole: what it says is the run's history, its end is the run's end. */
import { assert, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

const RUNNER = "strangers-runner"
const workflows = `
default_workflow_ref: theirs
phases:
  plan: { mode: manual, manual: { instructions: never asked } }
  build: { mode: manual, manual: { instructions: never asked } }
workflows: [{ id: theirs, phases: [plan, build] }]
`

interface Entry {
  readonly event: {
    readonly _tag: string
    readonly phase?: string
    readonly attempt?: number
    readonly output?: string
    readonly decision?: Record<string, unknown>
  }
}

class Site extends Workplace {
  constructor() {
    super(workflows)
    writeFileSync(join(this.root, "state", "config.json"), JSON.stringify({ daemon: { runner: RUNNER } }))
    this.install(RUNNER, fixture("runner-of-a-stranger"))
    this.start()
  }

  readonly subjects = new Map<string, string>()

  begin(title: string): string {
    const { id } = this.answer("subject", "create", "--title", title)
    const run = this.answer("workflow", "run", id).workflow_id
    this.subjects.set(run, id)
    return run
  }

  events(run: string): ReadonlyArray<Entry["event"]> {
    return this.answer("workflow", "journal", run).map(({ event }: Entry) => event)
  }

  story(run: string): ReadonlyArray<string> {
    return this.events(run).map(({ _tag, attempt, phase }) =>
      phase === undefined ? _tag : `${_tag} ${phase} ${attempt}`
    )
  }

  /** What the subject's status is once its run has ended. */
  subjectOf(run: string): string {
    return this.answer("subject", "get", this.subjects.get(run) ?? "").status
  }
}

const plan = ["RunStarted", "PhaseStarted plan 1", "PhaseCompleted plan 1"]

describe("a run that a stranger's runner executes", () => {
  let site: Site
  beforeAll(() => {
    site = new Site()
  })
  afterAll(() => site.end())

  it("has each fact once, whether it was told on the way, in the answer, or in both", () => {
    const run = site.begin("well")
    site.settled(run)
    assert.deepStrictEqual(site.story(run), [...plan, "PhaseStarted build 1", "PhaseCompleted build 1", "RunCompleted"])
    const [first, second] = site.events(run).filter(({ _tag }) => _tag === "PhaseCompleted")
    assert.deepInclude(first?.decision, { verdict: "advance", confidence: 0.8, source: "agent" })
    assert.deepInclude(second?.decision, { verdict: "advance", source: "default" })
    assert.strictEqual(site.subjectOf(run), "done")
    assert.match(site.animus("workflow", "get", run).stdout, /executed +by plugin strangers-runner/)
    assert.deepStrictEqual(site.lines("executions.well"), [run])
  })

  it("fails as its runner says, and says why", () => {
    const run = site.begin("badly")
    const { reason } = site.settled(run)
    assert.strictEqual(reason, `plugin ${RUNNER} reports it as failed: phase "build" failed`)
    assert.strictEqual(site.subjectOf(run), "blocked")
    const refused = site.animus("workflow", "retry", run)
    assert.strictEqual(refused.status, 2)
    assert.include(refused.stderr, `animus workflow fork ${run}`)
  })

  it("is held where its runner pauses it, and handed over again by a person's word", () => {
    const run = site.begin("gate")
    const { reason } = site.settled(run)
    assert.include(reason, "resuming the run hands it to the plugin again")
    site.answer("workflow", "resume", run)
    assert.strictEqual(site.settled(run).state, "completed")
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

  it("is blocked when its runner dies over it, and not executed again without a person's word", () => {
    const run = site.begin("dies")
    const { reason } = site.settled(run)
    assert.match(reason, /Plugin strangers-runner executed this run and did not come to its end.*exit code 3/)
    assert.deepStrictEqual(site.story(run), ["RunStarted", "PhaseStarted plan 1", "RecoveryDecided plan 1"])
    assert.deepStrictEqual(site.lines("executions.dies"), [run])
    site.answer("workflow", "resume", run, "--force")
    assert.strictEqual(site.settled(run).state, "completed")
    assert.deepStrictEqual(site.lines("executions.dies"), [run, run])
  })

  it("cannot be paused; ends when it is cancelled; is blocked when its daemon is killed over it", async () => {
    const cancelled = site.begin("endless")
    await until("it is at work", () => site.running("608").length === 1)
    assert.include(site.animus("workflow", "pause", cancelled).stderr, `animus workflow cancel ${cancelled}`)
    site.answer("workflow", "cancel", cancelled, "--confirm", cancelled)
    assert.deepStrictEqual(site.running("608"), [])
    assert.deepStrictEqual(site.story(cancelled).slice(-2), ["CancelRequested", "RunCancelled"])
    assert.strictEqual(site.subjectOf(cancelled), "ready")

    const orphan = site.begin("endless")
    await until("it is at work", () => site.running("608").length === 1)
    await until("it is heard", () => site.story(orphan).includes("PhaseStarted plan 1"))
    site.kill()
    site.start()
    const { reason } = site.settled(orphan)
    assert.include(reason, "The daemon ended while plugin strangers-runner executed this run")
    assert.deepStrictEqual(site.running("608"), [])
    assert.deepStrictEqual(site.lines("executions.endless"), [cancelled, orphan])
    site.answer("workflow", "cancel", orphan, "--confirm", orphan)
  })
})
