/** A run that is given to a plugin as a whole: what the plugin is told, and what its run's journal and the log have of it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type PluginError, PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { WorkflowHost } from "../../src/run/HostedRun.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { runDetail } from "../../src/run/RunView.ts"
import { agent, dispatch, evals, manual, run, workflow, World } from "./World.ts"

const answer = (workflow_status: string, ...phases: ReadonlyArray<string>): JsonObject => ({
  workflow_id: run,
  workflow_ref: "build",
  workflow_status,
  subject_id: "s",
  execution_cwd: "/",
  phases_requested: [],
  phases_completed: phases.length,
  phases_total: phases.length,
  total_duration_secs: 0,
  phase_results: [],
  success: workflow_status === "completed",
  phase_events: phases.map((phase_id) => ({ kind: "completed", phase_id, status: "completed", ts: "" }))
})

/** An engine whose runs a plugin executes: it gives these answers, one each time it is asked, and remembers what it was told. */
class Site {
  readonly world = new World()
  readonly asked: Array<unknown> = []
  readonly lines: Array<string> = []
  answers: Array<Effect.Effect<Json, PluginError>> = []
  /** Called with each kind of event that became durable. */
  published: (kind: string) => void = () => {}

  private readonly neighbours = Layer.mergeAll(
    this.world.layer,
    Layer.mock(PluginHost, {
      call: (_plugin, _method, params) =>
        Effect.suspend(() => {
          this.asked.push(params)
          return this.answers.shift() ?? Effect.die("asked once too often")
        }),
      own: () => Effect.succeed(Stream.never),
      notify: () => Effect.void
    }),
    Layer.succeed(Notifications, {
      publish: (_, items) =>
        Effect.sync(() => {
          for (const item of items) if ("payload" in item) this.published(item.kind)
        }),
      subscribe: () => Effect.succeed(Stream.empty)
    }),
    Layer.succeed(WorkflowHost, "theirs"),
    Logger.layer([Logger.make(({ logLevel, message }) => void this.lines.push(`${logLevel} ${String(message)}`))])
  )

  readonly boot = Effect.gen({ self: this }, function*() {
    const context = yield* Layer.buildWithScope(
      RunEngine.layer.pipe(
        Layer.provide(Layer.provide(this.world.phases, this.neighbours)),
        Layer.provide(this.neighbours)
      ),
      yield* Scope.make()
    )
    return yield* Effect.provideContext(RunEngine, context)
  })

  get story() {
    return this.world.events.map((event) =>
      "phase" in event && "attempt" in event ? `${event._tag} ${event.phase} ${event.attempt}` : event._tag
    )
  }
}

describe("a run that is handed over", () => {
  it.effect("again goes on in attempts that it has not had, and its plugin hears what the person said", () =>
    Effect.gen(function*() {
      const site = new Site()
      site.answers = [
        Effect.succeed(answer("escalated", "implement")),
        Effect.succeed(answer("completed", "implement", "review"))
      ]
      const engine = yield* site.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "escalated")
      assert.strictEqual(runDetail(yield* engine.get(run)).next, `animus workflow resume ${run} --feedback TEXT`)
      yield* engine.resume(run, { force: false, feedback: "smaller" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(site.story, [
        "RunStarted",
        "PhaseStarted implement 1",
        "PhaseCompleted implement 1",
        "RunEscalated",
        "RunResumed",
        "PhaseStarted implement 2",
        "PhaseCompleted implement 2",
        "PhaseStarted review 1",
        "PhaseCompleted review 1",
        "RunCompleted"
      ])
      const [first, second] = site.asked
      assert.notProperty(first, "feedback")
      assert.deepInclude(second, { feedback: "smaller", workflow_id: run })
    }))

  it.effect("has each event once when the store fills between two of them", () =>
    Effect.gen(function*() {
      const site = new Site()
      const filled = yield* Deferred.make<void>()
      site.published = (kind) => {
        if (kind !== "phase_started") return
        site.world.full = Deferred.doneUnsafe(filled, Effect.void)
      }
      site.answers = [Effect.succeed(answer("completed", "implement"))]
      const engine = yield* site.boot
      yield* engine.start(run, dispatch)
      yield* Deferred.await(filled)
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* engine.troubles)[0], { run, waits: true, full: true })
      site.world.full = false
      const settled = yield* Effect.forkChild(engine.settled(run))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
      assert.deepStrictEqual(site.story, [
        "RunStarted",
        "PhaseStarted implement 1",
        "PhaseCompleted implement 1",
        "RunCompleted"
      ])
    }))

  it.effect("and stopped by damage is handed over again by force alone, with the person's word in its journal", () =>
    Effect.gen(function*() {
      const site = new Site()
      const { world } = site
      site.answers = [
        Effect.sync(() => {
          world.damaged = true
          return answer("completed", "implement")
        }),
        Effect.succeed(answer("completed", "implement"))
      ]
      const engine = yield* site.boot
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      world.damaged = false
      const [trouble] = yield* engine.troubles
      const { next } = runDetail(yield* engine.get(run), { trouble })
      assert.strictEqual(next, `animus workflow resume ${run} --force`)

      const refused = yield* Effect.flip(engine.resume(run, { force: false }))
      assert.strictEqual(refused._tag, "RunBlocked")
      assert.strictEqual(
        refused.message,
        `run ${run} is blocked in phase implement: it stopped while plugin theirs executed it, so it may have partly ` +
          `executed. When you have looked: ${next}`
      )
      assert.deepStrictEqual([site.asked.length, world.tags], [1, ["RunStarted"]])

      yield* engine.resume(run, { force: true, feedback: "go on" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(site.asked.length, 2)
      assert.deepInclude(site.asked[1], { feedback: "go on" })
      assert.deepInclude(world.events[1], { _tag: "RunResumed", force: true })
    }))

  it.effect("waits when its plugin says that a gate of its own is open", () =>
    Effect.gen(function*() {
      const site = new Site()
      const pending = new PluginRefused({
        plugin: "theirs",
        method: "workflow/execute",
        code: ErrorCode.WorkflowManualGatePending,
        detail: "review waits for Ada"
      })
      site.answers = [Effect.fail(pending), Effect.succeed(answer("completed", "review"))]
      const engine = yield* site.boot
      yield* engine.start(run, dispatch)
      const { reason, status } = yield* engine.settled(run)
      assert.strictEqual(status, "paused")
      assert.match(reason ?? "", /review waits for Ada.*resuming the run hands it to the plugin again/)
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  it.effect("is one whose definition is not enforced, and the log says once what that is", () =>
    Effect.gen(function*() {
      const site = new Site()
      site.world.definition = {
        ...workflow(
          agent("implement", { evals, skip_if: [`subject_kind == "bug"`], output: { json_schemas: [] } }),
          manual("review")
        ),
        budget: { max_tokens: 9, on_exceed: "fail" }
      }
      site.answers = [
        Effect.succeed(answer("paused", "implement")),
        Effect.succeed(answer("completed", "review"))
      ]
      const engine = yield* site.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "paused")
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(site.lines.filter((line) => line.includes("enforce")), [
        `Warn plugin theirs executes this run as a whole. Nobody enforces these of workflow "build", unless the plugin ` +
        "does: budget (the workflow); timeout_secs (implement); skip_if (implement); max_rework_attempts (implement, " +
        "review); output_contract (implement); evals (implement); mode: manual (review)"
      ])
    }))
})
