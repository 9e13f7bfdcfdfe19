import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionLost, PluginRefused, RequestTimedOut } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import type { AgentPhase } from "../../schemas/Workflow.ts"
import type { AgentError } from "../../src/agent/AgentSessions.ts"
import { CrashPoint } from "../../src/run/CrashPoint.ts"
import { runDetail } from "../../src/run/RunView.ts"
import { settleInTime } from "./Settle.ts"
import { agent, command, deciding, dispatch, output, response, run, workflow, World } from "./World.ts"

describe("agent attempts", () => {
  const lost = new ConnectionLost({ plugin: "exec", detail: "pipe closed" })
  const refused = (code: number, data?: Json) =>
    new PluginRefused({
      plugin: "exec",
      method: "agent/run",
      code,
      detail: "no",
      ...(data === undefined ? {} : { data })
    })

  it.effect("tries a transient failure again while nothing was forwarded, where that may be done", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement", { idempotency: "idempotent" }))
      world.agents = (_, call) => call < 3 ? Effect.fail(lost) : Effect.succeed(response("done"))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      const settled = yield* Effect.forkChild(engine.settled(run))
      for (const tries of [2, 3]) {
        yield* TestClock.adjust("200 millis").pipe(
          Effect.andThen(Effect.yieldNow),
          Effect.repeat({ until: () => world.sessions.length === tries })
        )
      }
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
      assert.strictEqual(world.sessions.length, 3)
      assert.strictEqual(new Set(world.sessions.map(({ session }) => session)).size, 3)
    }))

  it.effect("begins nothing again that may have been at work, unless its author says that it may", () =>
    Effect.gen(function*() {
      const launches = Effect.fnUntraced(function*(more: Partial<AgentPhase>, error: AgentError = lost) {
        const world = new World()
        world.definition = workflow(agent("implement", { max_attempts: 2, ...more }))
        world.agents = () => Effect.fail(error)
        assert.strictEqual((yield* settleInTime(world)).status, "failed")
        return world.sessions.length
      })
      assert.strictEqual(yield* launches({ idempotency: "sideeffecting" }), 1)
      assert.strictEqual(yield* launches({ idempotency: "sideeffecting" }, refused(ErrorCode.Timeout)), 1)
      assert.strictEqual(
        yield* launches({ idempotency: "sideeffecting" }, refused(ErrorCode.PluginNotInitialized)),
        2
      )
      assert.strictEqual(yield* launches({ idempotency: "unknown" }), 1)
      assert.strictEqual(yield* launches({ idempotency: "unknown", runtime: { retry_on: ["transient"] } }), 2)
    }))

  it.effect("sleeps over no limit of one target while another may have been at work", () =>
    Effect.gen(function*() {
      const ends = Effect.fnUntraced(function*(idempotency: AgentPhase["idempotency"]) {
        const world = new World()
        world.definition = workflow(
          agent("implement", { idempotency, max_attempts: 1, runtime: { fallback_tools: ["other"] } })
        )
        const limit = refused(ErrorCode.InternalError, { kind: "rate_limit", retry_after_secs: 30 })
        world.agents = ({ tool }) => Effect.fail(tool === "other" ? lost : limit)
        const { engine } = yield* world.boot
        yield* engine.start(run, dispatch)
        return (yield* engine.settled(run)).status
      })
      assert.strictEqual(yield* ends("sideeffecting"), "failed")
      assert.strictEqual(yield* ends("unknown"), "failed")
      assert.strictEqual(yield* ends("idempotent"), "sleeping")
    }))

  it.effect("tries nothing again once a token was forwarded", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session) => Effect.andThen(output(session, "token"), Effect.fail(lost))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "failed")
      assert.strictEqual(world.sessions.length, 1)
      assert.strictEqual(world.records.get("implement")?.status, "failed")
    }))

  it.effect("does not try a deadline again", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.fail(new RequestTimedOut({ plugin: "exec", method: "agent/run", millis: 1 }))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "failed")
      assert.strictEqual(world.sessions.length, 1)
    }))

  it.effect("an exit code that is not zero is an error, whatever was said", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session) =>
        Effect.succeed({ ...deciding(session, { verdict: "advance", confidence: 1 }), exit_code: 3 })
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "failed")
      assert.include(head.reason ?? "", "exit code 3")
    }))

  it.effect("launches nothing before its session record is durable", () =>
    Effect.gen(function*() {
      const world = new World()
      world.recordsFull = true
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.sessions.length, 0)
      world.recordsFull = false
      const settled = yield* Effect.forkChild(engine.settled(run))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
    }))

  it.effect("launches nothing before the beginning of its attempt is durable, though its session record is there", () =>
    Effect.gen(function*() {
      const world = new World()
      let writes = 0
      const { engine } = yield* Effect.provideService(world.boot, CrashPoint, (at) =>
        Effect.sync(() => {
          if (at === "before-append") world.full ||= ++writes === 2
        }))
      yield* engine.start(run, dispatch)
      yield* world.recorded.await
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(world.tags, ["RunStarted"])
      assert.strictEqual(world.records.get("implement")?.status, "pending")
      assert.strictEqual(world.sessions.length, 0)
      world.full = false
      const settled = yield* Effect.forkChild(engine.settled(run))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
      assert.strictEqual(world.records.get("implement")?.run_id, world.sessions[0]?.session)
    }))
})

/** The agent has finished, and there is no room to write that down. */
const finishedWithoutRoom = Effect.gen(function*() {
  const world = new World()
  const gate = yield* Deferred.make<void>()
  world.agents = () => Effect.as(Deferred.await(gate), response("done"))
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  yield* world.launched.await
  world.full = true
  yield* Deferred.succeed(gate, undefined)
  return { engine, world }
})

describe("a store that fails", () => {
  it.effect("full: the finished attempt is kept, written once there is room, and never performed twice", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* finishedWithoutRoom
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(world.tags, ["RunStarted", "PhaseStarted"])
      const [trouble] = yield* engine.troubles
      assert.deepInclude(trouble, { run, waits: true, full: true })
      assert.match(trouble?.detail ?? "", /^waits for the store since 1970-.*: no space left for journal\. Free some/)
      const { next, reason } = runDetail(yield* engine.get(run), { location: "/state of/runs/run-1", trouble })
      assert.deepStrictEqual([next, reason], ["df -h '/state of/runs/run-1'", trouble?.detail])
      world.full = false
      const settled = yield* Effect.forkChild(engine.settled(run))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
      assert.strictEqual(world.sessions.length, 1)
      assert.deepStrictEqual(yield* engine.troubles, [])
    }))

  it.effect("full: a run that waits for room can be cancelled once there is some", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* finishedWithoutRoom
      yield* TestClock.adjust("1 minute")
      assert.include((yield* Effect.flip(engine.cancel(run, "no room"))).message, "Nothing of this was kept")
      world.full = false
      yield* engine.cancel(run, "no room")
      assert.strictEqual(world.head?.status, "cancelled")
      assert.deepStrictEqual(yield* engine.troubles, [])
    }))

  it.effect("full: a cancel that could not be written leaves the run as it was, and it goes on by itself", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* finishedWithoutRoom
      yield* Effect.flip(engine.cancel(run, "no room"))
      world.full = false
      const settled = yield* Effect.forkChild(engine.settled(run))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
    }))

  it.effect("damaged: the run stops where it is, and goes on once the journal is mended", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(command("test"))
      const gate = yield* Deferred.make<void>()
      world.spawn = () => Effect.as(Deferred.await(gate), { code: 0 })
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      world.damaged = true
      yield* Deferred.succeed(gate, undefined)
      yield* engine.settled(run)
      assert.deepStrictEqual(world.tags, ["RunStarted", "PhaseStarted"])
      assert.strictEqual(world.log.at(-1), "publish workflow_paused")
      const [trouble] = yield* engine.troubles
      assert.deepInclude(trouble, { run, waits: false })
      assert.match(trouble?.detail ?? "", /^stopped where it is: .*journal:1 is damaged/)
      const { next } = runDetail(yield* engine.get(run), { trouble })
      assert.strictEqual(next, `animus workflow resume ${run}`)
      world.damaged = false
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(yield* engine.troubles, [])
      assert.include(world.tags, "RecoveryDecided")
    }))
})
