import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Latch, Scope } from "effect"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { Idempotency, Phase } from "../../schemas/Workflow.ts"
import { CrashPoint, type CrashPointName } from "../../src/run/CrashPoint.ts"
import { agent, command, deciding, dispatch, manual, response, run, workflow, World } from "./World.ts"

const decisions = (world: World) =>
  world.events.filter((event): event is Extract<RunEvent, { _tag: "RecoveryDecided" }> =>
    event._tag === "RecoveryDecided"
  )

/** A daemon that dies with an attempt in flight; `speaks`: the agent had named its own session by then. */
const crashed = Effect.fnUntraced(function*(phase: Phase, speaks: boolean) {
  const world = new World()
  world.definition = workflow(phase)
  world.agents = (session) =>
    (speaks ? session.onEvents([{ _tag: "Output", session_id: "own-7", text: "…", final: false }]) : Effect.void).pipe(
      Effect.andThen(Effect.never)
    )
  world.spawn = () => Effect.never
  const { engine, scope } = yield* world.boot
  yield* engine.start(run, dispatch)
  yield* world.launched.await
  if (speaks) yield* world.heard.await
  yield* Effect.yieldNow
  yield* Scope.close(scope, Exit.void)
  assert.deepStrictEqual(world.tags, ["RunStarted", "PhaseStarted"], "a shutdown writes nothing")
  world.agents = () => Effect.succeed(response("done"))
  world.spawn = () => Effect.succeed({ code: 0 })
  return world
})

const restarted = Effect.fnUntraced(function*(world: World) {
  const { engine } = yield* world.boot
  yield* engine.recover
  return { engine, head: yield* engine.settled(run) }
})

describe("recovery", () => {
  it.effect("resumes the session that was live, in the same attempt", () =>
    Effect.gen(function*() {
      const world = yield* crashed(agent("implement", { idempotency: "sideeffecting" }), true)
      world.resumable = true
      const { head } = yield* restarted(world)
      assert.strictEqual(head.status, "completed")
      assert.deepStrictEqual(decisions(world).map(({ action }) => action), ["resume"])
      assert.strictEqual(world.sessions[1]?.resume, "own-7")
      assert.notStrictEqual(world.sessions[1]?.session, world.sessions[0]?.session)
      assert.strictEqual(world.tags.filter((tag) => tag === "PhaseStarted").length, 1)
    }))

  it.effect.each<readonly [Idempotency, string, string]>([
    ["idempotent", "rerun", "completed"],
    ["sideeffecting", "blocked", "blocked"],
    ["unknown", "blocked", "blocked"]
  ])("an agent that cannot be resumed and is %s: %s", ([idempotency, action, status]) =>
    Effect.gen(function*() {
      const world = yield* crashed(agent("implement", { idempotency }), true)
      const { head } = yield* restarted(world)
      assert.deepStrictEqual(decisions(world).map((decision) => decision.action), [action])
      assert.strictEqual(head.status, status)
      assert.strictEqual(world.sessions.length, status === "completed" ? 2 : 1)
    }))

  it.effect.each<readonly [Idempotency, string]>([["idempotent", "completed"], ["sideeffecting", "blocked"]])(
    "a command that is %s: %s",
    ([idempotency, status]) =>
      Effect.gen(function*() {
        const world = yield* crashed(command("deploy", { idempotency }), false)
        const { head } = yield* restarted(world)
        assert.strictEqual(head.status, status)
        assert.strictEqual(world.commands.length, status === "completed" ? 2 : 1)
      })
  )

  it.effect("a rerun is a new attempt and costs no rework budget", () =>
    Effect.gen(function*() {
      const world = yield* crashed(agent("implement", { idempotency: "idempotent" }), false)
      const { engine } = yield* restarted(world)
      const state = yield* engine.get(run)
      assert.strictEqual(state.phases[0]?.attempt, 2)
      assert.deepStrictEqual(state.reworks, {})
      assert.deepStrictEqual(world.events.flatMap((event) => event._tag === "PhaseCompleted" ? [event.attempt] : []), [
        2
      ])
    }))

  it.effect("the record of an earlier attempt says nothing about one that was never launched", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement", { idempotency: "sideeffecting" }))
      world.resumable = true
      world.agents = (session) => Effect.succeed(deciding(session, { verdict: "rework", confidence: 1 }))
      let entered = 0
      const { engine, scope } = yield* Effect.provideService(
        world.boot,
        CrashPoint,
        (at) => at === "phase-started" && ++entered === 2 ? Effect.interrupt : Effect.void
      )
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      yield* Scope.close(scope, Exit.void)
      world.agents = () => Effect.succeed(response("done"))
      const { head } = yield* restarted(world)
      assert.strictEqual(head.status, "completed")
      assert.deepStrictEqual(decisions(world).map(({ action }) => action), ["rerun"])
      assert.isUndefined(world.sessions[1]?.resume)
    }))

  it.effect("a blocked run wants force, names the command, and stays blocked over another restart", () =>
    Effect.gen(function*() {
      const world = yield* crashed(agent("implement", { idempotency: "sideeffecting" }), false)
      yield* restarted(world)
      const { engine, head } = yield* restarted(world)
      assert.strictEqual(head.status, "blocked")
      assert.strictEqual(world.records.get("implement")?.status, "blocked")
      assert.strictEqual(decisions(world).length, 1)
      const refused = yield* Effect.flip(engine.resume(run, { force: false }))
      assert.strictEqual(refused._tag, "RunBlocked")
      assert.notInclude(refused.message, "..")
      assert.include(refused.message, `animus workflow resume ${run} --force`)
      yield* engine.resume(run, { force: true })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual((yield* engine.get(run)).phases[0]?.attempt, 2)
    }))

  it.effect("a provider that refuses to resume leaves the matter to idempotency", () =>
    Effect.gen(function*() {
      const world = yield* crashed(agent("implement", { idempotency: "idempotent" }), true)
      world.resumable = true
      world.agents = (session) =>
        session.resume === undefined
          ? Effect.succeed(response("done"))
          : Effect.fail(new PluginRefused({ plugin: "exec", method: "agent/resume", code: -32603, detail: "gone" }))
      const { head } = yield* restarted(world)
      assert.strictEqual(head.status, "completed")
      assert.deepStrictEqual(decisions(world).map(({ action }) => action), ["resume", "rerun"])
    }))

  it.effect("a paused run is left alone, and its dead attempt is judged when it is resumed", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.never
      const { engine, scope } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* world.launched.await
      yield* engine.pause(run, "lunch")
      yield* Scope.close(scope, Exit.void)
      const after = yield* restarted(world)
      assert.strictEqual(after.head.status, "paused")
      assert.deepStrictEqual(decisions(world), [])
      yield* after.engine.resume(run, { force: false })
      assert.strictEqual((yield* after.engine.settled(run)).status, "blocked")
    }))

  it.effect.each<CrashPointName>([
    "run-started",
    "phase-started",
    "session-pending",
    "session-running",
    "phase-performed",
    "phase-completed",
    "run-ending"
  ])("a daemon that dies at %s loses nothing and completes no attempt twice", (place) =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("plan", { idempotency: "idempotent" }), command("test"))
      world.agents = (session) =>
        Effect.as(
          session.onEvents([{ _tag: "Output", session_id: "own-1", text: "x", final: false }]),
          response("done")
        )
      let reached = 0
      const dying = Effect.provideService(world.boot, CrashPoint, (at) => {
        if (at !== place) return Effect.void
        reached++
        return Effect.interrupt
      })
      const { engine, scope } = yield* dying
      yield* Effect.exit(engine.start(run, dispatch))
      yield* Effect.exit(engine.settled(run))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(reached, 1)
      const { head } = yield* restarted(world)
      assert.strictEqual(head.status, "completed")
      const completed = world.events.flatMap((event) =>
        event._tag === "PhaseCompleted" ? [`${event.phase}#${event.attempt}`] : []
      )
      assert.strictEqual(new Set(completed).size, completed.length)
      assert.strictEqual(new Set(completed.map((name) => name.split("#")[0])).size, 2)
    }))

  it.effect.each<CrashPointName>(["cancel-requested", "run-ending"])(
    "a cancel that was asked for outlives a daemon that dies at %s, and gives the subject back",
    (place) =>
      Effect.gen(function*() {
        const world = yield* crashed(agent("implement", { idempotency: "idempotent" }), true)
        world.agents = () => Effect.never
        world.launched.closeUnsafe()
        const reached = yield* Latch.make(false)
        const { engine, scope } = yield* Effect.provideService(
          world.boot,
          CrashPoint,
          (at) => at === place ? Effect.andThen(reached.open, Effect.interrupt) : Effect.void
        )
        yield* engine.recover
        yield* world.launched.await
        yield* Effect.forkChild(engine.cancel(run, "enough"))
        yield* reached.await
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(world.tags.at(-1), "CancelRequested")
        world.subjects.status = "in-progress"
        const { head } = yield* restarted(world)
        assert.deepInclude(head, { status: "cancelled", reason: "enough" })
        assert.strictEqual(world.subjects.status, "ready")
        assert.strictEqual(world.records.get("implement")?.status, "failed")
        assert.strictEqual(world.sessions.length, 2)
        yield* restarted(world)
        assert.strictEqual(world.tags.filter((tag) => tag === "RunCancelled").length, 1)
      })
  )

  /** A run whose last phase is a gate, in a daemon that dies where it is told to. */
  const gated = Effect.fnUntraced(function*(place: CrashPointName) {
    const world = new World()
    world.definition = workflow(agent("plan", { idempotency: "idempotent" }), manual("review"))
    const reached = yield* Latch.make(false)
    const { engine, scope } = yield* Effect.provideService(
      world.boot,
      CrashPoint,
      (at) => at === place ? Effect.andThen(reached.open, Effect.interrupt) : Effect.void
    )
    yield* engine.start(run, dispatch)
    const asked = () => world.tags.filter((tag) => tag === "GateOpened").length
    const die = Effect.andThen(reached.await, Scope.close(scope, Exit.void))
    return { world, engine, asked, die }
  })

  it.effect("a daemon that dies as a gate opens asks once, and takes the answer later", () =>
    Effect.gen(function*() {
      const { asked, die, world } = yield* gated("gate-opened")
      yield* die
      const { engine, head } = yield* restarted(world)
      assert.deepStrictEqual([head.status, asked(), decisions(world)], ["waiting", 1, []])
      yield* engine.approve({ run, phase: "review", note: "fine" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual([asked(), world.sessions.length], [1, 1])
    }))

  it.effect.each<readonly ["approve" | "reject", string]>([["approve", "completed"], ["reject", "failed"]])(
    "a daemon that dies on the word of a person (%s) keeps it, and does not ask again",
    ([answer, status]) =>
      Effect.gen(function*() {
        const { asked, die, engine, world } = yield* gated("gate-decided")
        yield* engine.settled(run)
        yield* Effect.exit(engine[answer]({ run, phase: "review", note: "I looked" }))
        yield* die
        assert.strictEqual(world.tags.at(-1), "GateDecided")
        const { engine: next, head } = yield* restarted(world)
        assert.strictEqual(head.status, status)
        assert.include(JSON.stringify((yield* next.get(run)).phases), "I looked")
        assert.deepStrictEqual([asked(), world.tags.filter((tag) => tag === "GateDecided").length], [1, 1])
        assert.strictEqual((yield* Effect.flip(next[answer]({ run, phase: "review" })))._tag, "IllegalTransition")
        assert.deepStrictEqual([world.sessions.length, decisions(world)], [1, []])
      })
  )
})
