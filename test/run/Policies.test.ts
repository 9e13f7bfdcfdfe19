/** What bounds and steers the work of a run, as the engine keeps to it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch } from "effect"
import { TestClock } from "effect/testing"
import { PluginRefused, ProviderMissing } from "../../schemas/errors/PluginErrors.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { nextStep, runDetail } from "../../src/run/RunView.ts"
import { settle, settleInTime } from "./Settle.ts"
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

const tokens = (input: number) => ({ tokens_used: { input, output: 0 } })

const costing = (definition: WorkflowDefinition) => {
  const world = new World()
  world.definition = definition
  world.agents = () => Effect.succeed(response("done", tokens(60)))
  return world
}

describe("a budget", () => {
  it.effect("of the run pauses it before anything more is begun, and who resumes it grants it anew", () =>
    Effect.gen(function*() {
      const budget = { max_tokens: 100, on_exceed: "pause" as const }
      const world = costing({ ...workflow(agent("a"), agent("b"), agent("c")), budget })
      const { engine, head } = yield* settle(world)
      assert.deepInclude(head, { status: "paused", reason: "the run has used 120 tokens of 100" })
      assert.strictEqual(world.sessions.length, 2)
      assert.strictEqual(nextStep(yield* engine.get(run)), `animus workflow resume ${run}`)
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 3)
    }))

  it.effect("that fails a run fails it, and a retry begins with all of it", () =>
    Effect.gen(function*() {
      const budget = { max_tokens: 50, on_exceed: "fail" as const }
      const world = costing(workflow(agent("a", { budget }), agent("b")))
      const { engine, head } = yield* settle(world)
      assert.strictEqual(head.reason, `budget exceeded: phase "a" has used 60 tokens of 50`)
      assert.strictEqual(head.status, "failed")
      yield* engine.retry(run, {})
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 2)
    }))

  it.effect("that warns is told once, and undoes nothing that has ended", () =>
    Effect.gen(function*() {
      const budget = { max_tokens: 50, on_exceed: "warn" as const }
      const world = costing({ ...workflow(agent("a"), agent("b"), agent("c")), budget })
      const { head } = yield* settle(world)
      assert.strictEqual(head.status, "completed")
      assert.strictEqual(world.tags.filter((tag) => tag === "BudgetExceeded").length, 1)
      assert.include(world.log, "publish budget_exceeded")

      const single = costing(workflow(agent("a", { budget: { max_tokens: 1, on_exceed: "fail" } })))
      assert.strictEqual((yield* settle(single)).head.status, "completed")
    }))
})

describe("a phase that is called what every object has", () => {
  it.effect("is bounded as any other", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(command("constructor"))
      world.spawn = (call) => Effect.succeed({ code: call < 3 ? 1 : 0 })
      assert.strictEqual((yield* settle(world)).head.status, "completed")

      const costly = costing(
        workflow(agent("toString", { budget: { max_tokens: 50, on_exceed: "pause" } }), agent("b"))
      )
      assert.strictEqual((yield* settle(costly)).head.reason, `phase "toString" has used 60 tokens of 50`)
    }))
})

describe("a rework", () => {
  it.effect("waits as long as the phase says, longer each time, in the journal and not in memory", () =>
    Effect.gen(function*() {
      const world = new World()
      const backoff = { initial_secs: 60, factor: 2 }
      world.definition = workflow(command("test", { backoff, max_rework_attempts: 3 }))
      world.spawn = (call) => Effect.succeed({ code: call < 3 ? 1 : 0 })
      const first = yield* world.boot
      yield* first.engine.start(run, dispatch)
      assert.strictEqual((yield* first.engine.settled(run)).status, "sleeping")
      const { next, waits_for } = runDetail(yield* first.engine.get(run))
      assert.strictEqual(
        waits_for,
        `rework 1 of phase "test" waits 60 s; it goes on by itself at 1970-01-01T00:01:00.000Z`
      )
      assert.strictEqual(next, `animus workflow events ${run} --follow`)

      const second = yield* world.boot
      yield* second.engine.recover
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(world.commands.length, 1)
      yield* TestClock.adjust("1 second")
      yield* second.engine.settled(run)
      assert.strictEqual(world.commands.length, 2)
      yield* TestClock.adjust("119 seconds")
      assert.strictEqual(world.commands.length, 2)
      yield* second.engine.resume(run, { force: false })
      assert.strictEqual((yield* second.engine.settled(run)).status, "completed")
    }))
})

describe("a pause", () => {
  /** Paused while its only attempt works, which then comes to `outcome`. */
  const pausedAtWork = Effect.fnUntraced(function*(definition: WorkflowDefinition, outcome: World["agents"]) {
    const world = new World()
    world.definition = definition
    const gate = Latch.makeUnsafe(false)
    world.agents = (session, call) => Effect.andThen(gate.await, outcome(session, call))
    const { engine } = yield* world.boot
    yield* engine.start(run, dispatch)
    yield* world.launched.await
    yield* engine.pause(run, "look first")
    yield* gate.open
    const head = yield* engine.settled(run)
    return { engine, head, world }
  })

  it.effect("holds over a rate limit, in one event", () =>
    Effect.gen(function*() {
      const limit = () => Effect.succeed(response("", { exit_code: 1, errors: ["rate limit exceeded"] }))
      const { head, world } = yield* pausedAtWork(workflow(agent("implement")), limit)
      assert.deepInclude(head, { status: "paused", reason: "look first" })
      assert.deepStrictEqual(world.tags.slice(2), ["RunPaused", "RateLimited"])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(world.sessions.length, 1)
    }))

  it.effect("holds over a gate that opens, which may be answered all the same", () =>
    Effect.gen(function*() {
      const held = workflow(agent("implement", { evals: { ...evals, on_fail: "block" } }), agent("next"))
      const { engine, head, world } = yield* pausedAtWork(held, () => Effect.succeed(response("FAIL")))
      assert.deepInclude(head, { status: "paused", reason: "look first" })
      yield* engine.resume(run, { force: false })
      assert.deepInclude(yield* engine.settled(run), { status: "waiting", phase: "implement" })
      yield* engine.approve({ run, phase: "implement", note: "fine" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")

      const other = yield* pausedAtWork(held, () => Effect.succeed(response("FAIL")))
      yield* other.engine.approve({ run, phase: "implement", note: "fine" })
      assert.strictEqual((yield* other.engine.settled(run)).status, "paused")
      yield* other.engine.resume(run, { force: false })
      assert.strictEqual((yield* other.engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions.length, 3)
    }))

  it.effect("ends the wait of a delayed rework, once it is taken back", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(command("test", { backoff: { initial_secs: 3600, factor: 1 } }))
      world.spawn = (call) => Effect.succeed({ code: call < 2 ? 1 : 0 })
      const { engine } = yield* settle(world)
      yield* engine.pause(run, "wait")
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))
})

describe("targets", () => {
  const phase = agent("implement", {
    tool: "claude",
    model: "claude-opus-4",
    runtime: { fallback_models: [{ model: "gpt-5" }] }
  })

  it.effect("go to the next when the first cannot, and the record says who did it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(phase)
      world.agents = ({ tool }) =>
        tool === "claude" ? Effect.fail(new ProviderMissing({ tool, known: [] })) : Effect.succeed(response("done"))
      assert.strictEqual((yield* settle(world)).head.status, "completed")
      assert.deepStrictEqual(world.sessions.map(({ request, tool }) => [tool, request.model]), [
        ["claude", "claude-opus-4"],
        ["codex", "gpt-5"]
      ])
      assert.strictEqual(world.records.get("implement")?.provider, "codex")
    }))

  it.effect("sleep until the first may go on when all are exhausted, and stay where work was begun", () =>
    Effect.gen(function*() {
      const limit = (tool: string) =>
        new PluginRefused({
          plugin: tool,
          method: "agent/run",
          code: -32000,
          detail: "enough",
          data: { kind: "rate_limit", retry_after_secs: 30 }
        })
      const world = new World()
      world.definition = workflow(phase)
      world.agents = ({ tool }) => Effect.fail(limit(tool))
      assert.strictEqual((yield* settle(world)).head.status, "sleeping")
      assert.deepStrictEqual(world.sessions.map(({ tool }) => tool), ["claude", "codex"])

      const begun = new World()
      begun.definition = workflow(phase)
      begun.agents = (session) => Effect.andThen(output(session, "I changed"), Effect.fail(limit("claude")))
      assert.strictEqual((yield* settle(begun)).head.status, "sleeping")
      assert.strictEqual(begun.sessions.length, 1)
    }))

  it.effect("are tried again for what retry_on lists, and for nothing that no_retry_on does", () =>
    Effect.gen(function*() {
      const tries = Effect.fnUntraced(function*(runtime: NonNullable<typeof phase.runtime>) {
        const world = new World()
        world.definition = workflow(agent("a", { runtime, max_attempts: 2 }))
        world.agents = () => Effect.succeed(response("", { exit_code: 1 }))
        assert.strictEqual((yield* settleInTime(world)).status, "failed")
        return world.sessions.length
      })
      assert.strictEqual(yield* tries({}), 1)
      assert.strictEqual(yield* tries({ retry_on: ["unknown"] }), 2)
      assert.strictEqual(yield* tries({ retry_on: ["unknown"], no_retry_on: ["unknown"] }), 1)
    }))
})

describe("an answer without what its contract demands", () => {
  const asking = (max_continuations: number) => {
    const world = new World()
    world.resumable = true
    world.definition = workflow(
      agent("implement", { output: { kind: "change", json_schemas: [] }, runtime: { max_continuations } })
    )
    return world
  }

  it.effect("is asked for again in the same session, and counts as one answer", () =>
    Effect.gen(function*() {
      const world = asking(3)
      world.agents = (session, call) => {
        const change = JSON.stringify({ kind: "change", files: 1 })
        return Effect.succeed(call === 1 ? deciding(session, { verdict: "advance" }) : response(change, tokens(5)))
      }
      assert.strictEqual((yield* settle(world)).head.status, "completed")
      const [first, second] = world.sessions
      assert.strictEqual(second?.resume, "own-1")
      assert.include(second?.request.prompt, `holds no result of kind "change"`)
      assert.include(second?.request.prompt, first === undefined ? "?" : nonceIn(first))
      const completed = world.events.find(({ _tag }) => _tag === "PhaseCompleted")
      assert.deepInclude(completed, { usage: { tokens: 5, cost_usd: 0 } })
      assert.strictEqual(completed?._tag === "PhaseCompleted" ? completed.decision.source : "", "agent")
    }))

  it.effect("is an error once it was asked for often enough, or when nobody can be asked", () =>
    Effect.gen(function*() {
      const stubborn = asking(2)
      assert.strictEqual((yield* settle(stubborn)).head.status, "failed")
      assert.strictEqual(stubborn.sessions.length, 3)
      const deaf = asking(2)
      deaf.resumable = false
      assert.strictEqual((yield* settle(deaf)).head.status, "failed")
      assert.strictEqual(deaf.sessions.length, 1)
    }))
})

describe("a tool that is not allowed", () => {
  it.effect("is told to the provider, and ends the session of an agent that uses it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement", { tool_policy: { allow: [], deny: ["Web*"] } }))
      world.agents = (session) =>
        session.onEvents([{ _tag: "ToolCall", session_id: "own-1", name: "WebFetch", arguments: {} }]).pipe(
          Effect.andThen(Effect.never)
        )
      const { head } = yield* settle(world)
      assert.include(head.reason, `used the tool "WebFetch", which the tool_policy of phase "implement" does not allow`)
      assert.deepStrictEqual(world.sessions[0]?.request.tools, { allow: [], deny: ["Web*"] })
      assert.strictEqual(world.cancelled, 1)
    }))
})

const check = {
  id: "suite",
  kind: "command",
  command: "npm",
  args: ["test"],
  working_dir: ".",
  timeout_secs: 60,
  expected_exit: 0
} as const
const judge = {
  id: "taste",
  kind: "llm_judge",
  prompt: "Is it small?",
  timeout_secs: 60,
  agent: "j",
  tool: "j"
} as const

const checking = (on_fail: "rework" | "block", max_reworks: number) => {
  const world = new World()
  const evals = { pass_threshold: 1, on_fail, max_reworks, checks: [check, judge] as const }
  world.definition = workflow(agent("implement", { evals, max_rework_attempts: 1 }), manual("review"))
  return world
}

describe("checks", () => {
  it.effect("that pass let the run go on, with what they said", () =>
    Effect.gen(function*() {
      const world = checking("block", 0)
      world.agents = ({ tool }) => Effect.succeed(response(tool === "j" ? "PASS, it is" : "done", tokens(7)))
      assert.strictEqual((yield* settle(world)).head.phase, "review")
      const completed = world.events.find(({ _tag }) => _tag === "PhaseCompleted")
      assert.deepInclude(completed, {
        output: "done",
        usage: { tokens: 14, cost_usd: 0 },
        checks: [{ id: "suite", passed: true, said: "exit code 0" }, { id: "taste", passed: true, said: "PASS, it is" }]
      })
      assert.include(world.sessions[1]?.request.prompt, "## What is judged\ndone")
    }))

  it.effect("that fail send the run back as often as they may, and then hold it for a person", () =>
    Effect.gen(function*() {
      const world = checking("rework", 2)
      world.agents = ({ tool }) => Effect.succeed(response(tool === "j" ? "FAIL: too long" : "done"))
      const { engine, head } = yield* settle(world)
      assert.deepInclude(head, { status: "waiting", phase: "implement", attempt: 3 })
      assert.include(head.reason, "1 of 2 checks passed; not these:\ntaste: FAIL: too long")
      assert.include(world.sessions[2]?.request.prompt, "taste: FAIL: too long")
      assert.deepStrictEqual((yield* engine.get(run)).reworks, {})
      yield* Effect.flip(engine.approve({ run, phase: "implement" }))
      yield* engine.approve({ run, phase: "implement", note: "short enough" })
      const after = yield* engine.settled(run)
      assert.strictEqual(after.phase, "review")
      const completed = world.events.filter(({ _tag }) => _tag === "PhaseCompleted").at(-1)
      assert.deepInclude(completed, { attempt: 3, output: "done" })
      assert.strictEqual(completed?._tag === "PhaseCompleted" ? completed.decision.reason : "", "short enough")
    }))

  it.effect("whose judge may not answer hold the work for a person, and send nobody back", () =>
    Effect.gen(function*() {
      const world = checking("rework", 2)
      const data = { category: "rate_limited", resets_at: "2026-01-01T12:00:00Z" }
      const busy = new PluginRefused({ plugin: "j", method: "agent/run", code: -32003, detail: "busy", data })
      world.agents = ({ tool }) => tool === "j" ? Effect.fail(busy) : Effect.succeed(response("done"))
      const { head } = yield* settle(world)
      assert.deepInclude(head, { status: "waiting", phase: "implement", attempt: 1 })
      assert.include(
        head.reason,
        "taste: its judge gave no answer: PluginRefused (a rate limit, until 2026-01-01T12:00:00.000Z)"
      )
    }))

  it.effect("do not ask after work that its agent does not call done", () =>
    Effect.gen(function*() {
      const world = checking("block", 0)
      world.agents = (session) => Effect.succeed(deciding(session, { verdict: "fail", reason: "cannot" }))
      assert.strictEqual((yield* settle(world)).head.status, "escalated")
      assert.strictEqual(world.commands.length, 0)
    }))
})
