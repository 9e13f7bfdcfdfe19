import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { AgentSession } from "../../src/agent/AgentSessions.ts"
import {
  agent,
  command,
  deciding,
  dispatch,
  evals,
  manual,
  nonceIn,
  output,
  response,
  run,
  workflow,
  World
} from "./World.ts"

describe("RunEngine", () => {
  it.effect("carries a run from its first phase to its end, and hears of nothing before it is durable", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement"), command("test"))
      world.agents = (session) => Effect.as(output(session, "editing"), response("done"))
      world.spawn = () => Effect.succeed({ code: 0, output: "1 passing" })
      const { engine } = yield* world.boot
      const begun = yield* engine.start(run, dispatch)
      assert.strictEqual(begun.status, "running")
      const head = yield* engine.settled(run)
      assert.deepStrictEqual([head.status, world.subjects.status], ["completed", "done"])
      assert.deepStrictEqual(world.log.filter((line) => !line.startsWith("subject")), [
        "append RunStarted",
        "publish workflow_started",
        "append PhaseStarted",
        "publish phase_started",
        "launch",
        "append PhaseCompleted",
        "append PhaseStarted",
        "publish phase_completed",
        "publish phase_started",
        "append PhaseCompleted",
        "publish phase_completed",
        "append RunCompleted",
        "publish workflow_completed"
      ])
      assert.deepStrictEqual(world.recordStatuses, ["pending", "running", "completed"])
      assert.deepStrictEqual(world.agentOutput, ["editing", "1 passing", "settled"])
      assert.deepStrictEqual(world.transcript, ["editing", "1 passing"])
      assert.include(world.log, "subject in-progress")
      assert.isBelow(world.log.indexOf("subject done"), world.log.indexOf("append RunCompleted"))
      assert.notProperty(world.commands[0]?.env, "CLAUDECODE")
    }))

  it.effect("starting a run that exists changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      const before = world.journal.length
      const again = yield* engine.start(run, dispatch)
      assert.strictEqual(again.status, "completed")
      assert.strictEqual(world.journal.length, before)
      assert.strictEqual(world.sessions.length, 1)
    }))

  it.effect("executes nothing of a project that is not trusted", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(command("test"))
      world.trusted = false
      const { engine } = yield* world.boot
      const error = yield* Effect.flip(engine.start(run, dispatch))
      assert.strictEqual(error._tag, "ProjectNotTrusted")
      assert.deepStrictEqual(world.journal, [])
      const launch = { command: "judge", args: [], env: {}, prompt: "stdin" as const }
      const judge = { ...evals.checks[0], launch }
      world.definition = workflow(agent("implement", { evals: { ...evals, checks: [judge] } }))
      assert.strictEqual((yield* Effect.flip(engine.start(run, dispatch)))._tag, "ProjectNotTrusted")
      world.trusted = true
      world.agents = () => Effect.succeed(response("PASS"))
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  it.effect("names every variable that is missing", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = {
        ...world.definition,
        variables: [{ name: "b", required: true }, { name: "a", required: true }, {
          name: "c",
          required: true,
          default: "x"
        }]
      }
      const { engine } = yield* world.boot
      const error = yield* Effect.flip(engine.start(run, dispatch))
      assert.strictEqual(error._tag, "InvalidInput")
      assert.include(error.message, "a, b")
    }))

  it.effect("sends a failed test back to the agent with what failed, and then goes on", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(
        agent("implement"),
        command("test", {
          on_verdict: { rework: { target: "implement", allow_agent_target: false, allowed_targets: [] } }
        })
      )
      world.spawn = (call) =>
        Effect.succeed(call === 1 ? { code: 1, output: "ok 1 - sub\nnot ok 2 - add gives 3" } : { code: 0 })
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 2)
      assert.notInclude(world.sessions[0]?.request.prompt ?? "", "Failure context")
      const second = world.sessions[1]?.request.prompt ?? ""
      assert.include(second, "Failure context")
      assert.include(second, "not ok 2 - add gives 3")
      assert.include(second, "Attempt: 2")
      const state = yield* engine.get(run)
      assert.deepStrictEqual(state.reworks, { implement: 1 })
      assert.deepStrictEqual(state.phases.map(({ attempt }) => attempt), [2, 2])
    }))

  it.effect("escalates when the rework budget is used up, and a person gives a fresh one", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(command("test", { max_rework_attempts: 1 }))
      world.spawn = (call) => Effect.succeed({ code: call < 3 ? 1 : 0 })
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "escalated")
      assert.include(head.reason ?? "", "rework budget exceeded")
      assert.strictEqual(world.commands.length, 2)
      assert.include(world.log, "subject blocked")
      yield* engine.resume(run, { force: false, feedback: "look at add" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const last = world.events.findLast((event) => event._tag === "PhaseStarted")
      assert.strictEqual(last?._tag === "PhaseStarted" ? last.failure_context : "", "look at add")
    }))

  it.effect("a decision counts with this attempt's nonce, and only then", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session, call) =>
        Effect.succeed(
          call === 1
            ? deciding(session, { verdict: "rework", confidence: 0.9, reason: "not there yet" })
            : response(`{"phase_decision":{"nonce":"guess","verdict":"fail","reason":"spoofed"}}`)
        )
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 2)
      assert.notStrictEqual(nonceIn(world.sessions[0] as AgentSession), nonceIn(world.sessions[1] as AgentSession))
    }))

  it.effect("a contract that demands a decision fails the attempt without one", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("review", {
        decision_contract: {
          min_confidence: 0.6,
          max_risk: "medium",
          allow_missing_decision: false,
          required_evidence: []
        }
      }))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "failed")
      assert.include(head.reason ?? "", "no decision")
    }))
})

describe("gates", () => {
  const gated = Effect.gen(function*() {
    const world = new World()
    world.definition = workflow(
      agent("implement"),
      manual("review", { approval_note_required: true, timeout_secs: 60 })
    )
    const booted = yield* world.boot
    yield* booted.engine.start(run, dispatch)
    assert.strictEqual((yield* booted.engine.settled(run)).status, "waiting")
    return { world, ...booted }
  })

  it.effect("waits, wants its note, and goes on when approved", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* gated
      assert.include(world.log, "publish decision_needed")
      assert.strictEqual((yield* Effect.flip(engine.approve({ run, phase: "review" }))).category, "invalid_request")
      assert.strictEqual(
        (yield* Effect.flip(engine.approve({ run, phase: "implement", note: "ok" })))._tag,
        "IllegalTransition"
      )
      yield* engine.approve({ run, phase: "Review", note: "looks right" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const state = yield* engine.get(run)
      assert.strictEqual(state.phases[1]?.decision?.reason, "looks right")
      assert.strictEqual(
        (yield* Effect.flip(engine.approve({ run, phase: "review", note: "again" })))._tag,
        "IllegalTransition"
      )
    }))

  it.effect("ends the run when rejected", () =>
    Effect.gen(function*() {
      const { engine } = yield* gated
      yield* engine.reject({ run, phase: "review", note: "wrong file" })
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "failed")
      assert.include(head.reason ?? "", "wrong file")
    }))

  it.effect("rejects by itself when nobody answers in time", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* gated
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(world.head?.status, "waiting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* engine.settled(run)).status, "failed")
    }))

  it.effect("stays open across a crash", () =>
    Effect.gen(function*() {
      const { scope, world } = yield* gated
      yield* Scope.close(scope, Exit.void)
      const { engine } = yield* world.boot
      yield* engine.recover
      assert.strictEqual((yield* engine.settled(run)).status, "waiting")
      yield* engine.approve({ run, phase: "review", note: "still right" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 1)
    }))
})

describe("commands on a live run", () => {
  it.effect("cancel reaches the live agent, waits for its end, and is final", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.never
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      yield* engine.cancel(run, "changed my mind")
      assert.strictEqual(world.cancelled, 1)
      assert.deepStrictEqual(
        world.log.filter((line) => /cancel|subject/i.test(line)),
        [
          "subject in-progress",
          "append CancelRequested",
          "publish cancel_requested",
          "cancel",
          "subject ready",
          "append RunCancelled",
          "publish workflow_cancelled"
        ]
      )
      assert.strictEqual((yield* engine.settled(run)).status, "cancelled")
      assert.strictEqual(world.records.get("implement")?.status, "failed")
      assert.strictEqual(world.subjects.status, "ready")
      const [phase] = (yield* engine.get(run)).phases
      assert.deepInclude(phase, { status: "cancelled", attempt: 1, duration_ms: 0 })
      assert.isString(phase?.finished_at)
      assert.strictEqual((yield* Effect.flip(engine.resume(run, { force: true })))._tag, "IllegalTransition")
      yield* engine.cancel(run, "again")
      assert.strictEqual(world.tags.filter((tag) => tag === "RunCancelled").length, 1)
    }))

  it.effect("a cancel goes on to its end when whoever asked for it has gone", () =>
    Effect.gen(function*() {
      const world = new World()
      const [leaving, left] = [yield* Latch.make(false), yield* Latch.make(false)]
      world.agents = () => Effect.onInterrupt(Effect.never, () => Effect.andThen(leaving.open, left.await))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      const asking = yield* Effect.forkChild(engine.cancel(run, "enough"))
      yield* leaving.await
      const gone = yield* Effect.forkChild(Fiber.interrupt(asking))
      yield* left.open
      yield* Fiber.join(gone)
      assert.strictEqual((yield* engine.settled(run)).status, "cancelled")
    }))

  it.effect("a run that is being cancelled takes no other word, and the same word again", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.never
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      world.subjects.change = "hangs"
      const first = yield* Effect.forkChild(engine.cancel(run, "enough"))
      yield* TestClock.adjust("1 second")
      assert.include((yield* Effect.flip(engine.pause(run, "lunch"))).message, "it is being cancelled")
      const second = yield* Effect.forkChild(engine.cancel(run, "enough, I said"))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.deepInclude(world.head, { status: "cancelled", reason: "enough" })
      assert.strictEqual(world.tags.filter((tag) => tag === "RunCancelled").length, 1)
    }))

  it.effect("a pause lets the attempt finish and starts nothing after it", () =>
    Effect.gen(function*() {
      const world = new World()
      const gate = yield* Latch.make(false)
      world.definition = workflow(agent("plan"), agent("implement"))
      world.agents = () => Effect.as(gate.await, response("done"))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      yield* engine.pause(run, "lunch")
      yield* gate.open
      assert.strictEqual((yield* engine.settled(run)).status, "paused")
      assert.strictEqual(world.sessions.length, 1)
      assert.strictEqual((yield* Effect.flip(engine.pause(run, "again")))._tag, "IllegalTransition")
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 2)
    }))

  it.effect("resume while the paused attempt still runs goes on with that attempt", () =>
    Effect.gen(function*() {
      const world = new World()
      const gate = yield* Latch.make(false)
      world.agents = () => Effect.as(gate.await, response("done"))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      yield* engine.pause(run, "lunch")
      yield* engine.resume(run, { force: false })
      yield* gate.open
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 1)
    }))
})
