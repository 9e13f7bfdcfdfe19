/** The record of a first session is written beside the event that begins its attempt, and may be there without it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { CrashPoint } from "../../src/run/CrashPoint.ts"
import { agent, dispatch, run, workflow, World } from "./World.ts"

const worldOf = () => {
  const world = new World()
  world.definition = workflow(agent("implement"))
  return world
}

const decisions = (world: World) =>
  world.events.flatMap((event) => event._tag === "RecoveryDecided" ? [event.action] : [])

/** A daemon that stands still for ever at the nth time it comes by there; waits until it does. */
const stopping = Effect.fnUntraced(function*(world: World, place: string, nth: number) {
  const reached = yield* Deferred.make<void>()
  let times = 0
  const daemon = yield* Effect.provideService(
    world.boot,
    CrashPoint,
    (at) =>
      at === place && ++times === nth ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) : Effect.void
  )
  return { ...daemon, reached: Deferred.await(reached) }
})

describe("a session that is foreseen", () => {
  it.effect("and launched is written once before it is", () =>
    Effect.gen(function*() {
      const world = worldOf()
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(world.recordStatuses, ["pending", "completed"])
    }))

  it.effect("for a beginning that was never written blocks no later one", () =>
    Effect.gen(function*() {
      const world = worldOf()
      const first = yield* stopping(world, "before-append", 2)
      yield* first.engine.start(run, dispatch)
      yield* world.recorded.await
      yield* first.reached
      assert.deepStrictEqual(world.tags, ["RunStarted"])
      const left = world.records.get("implement")
      const second = yield* stopping(world, "phase-started", 1)
      yield* second.engine.recover
      yield* second.reached
      assert.deepStrictEqual(world.tags, ["RunStarted", "PhaseStarted"])
      // Its own did not become durable.
      if (left !== undefined) world.records.set("implement", left)
      const third = yield* world.boot
      yield* third.engine.recover
      assert.strictEqual((yield* third.engine.settled(run)).status, "completed")
      assert.deepStrictEqual([decisions(world), world.sessions.length], [["rerun"], 1])
    }))

  it.effect("and may have been launched is not taken for one that was not", () =>
    Effect.gen(function*() {
      const world = worldOf()
      const first = yield* stopping(world, "phase-started", 1)
      yield* first.engine.start(run, dispatch)
      yield* first.reached
      const second = yield* world.boot
      yield* second.engine.recover
      assert.strictEqual((yield* second.engine.settled(run)).status, "blocked")
      assert.deepStrictEqual([decisions(world), world.sessions.length], [["blocked"], 0])
    }))

  it.effect("is taken back when its run is paused before it is launched", () =>
    Effect.gen(function*() {
      const world = worldOf()
      let pausing: Effect.Effect<unknown> = Effect.void
      let appends = 0
      const first = yield* Effect.provideService(
        world.boot,
        CrashPoint,
        (at) => at === "before-append" && ++appends === 2 ? Effect.andThen(pausing, Effect.yieldNow) : Effect.void
      )
      pausing = Effect.forkDetach(Effect.ignore(first.engine.pause(run, "wait")), { startImmediately: true })
      yield* first.engine.start(run, dispatch)
      assert.strictEqual((yield* first.engine.settled(run)).status, "paused")
      assert.strictEqual(world.sessions.length, 0)
      yield* Scope.close(first.scope, Exit.void)
      const second = yield* world.boot
      yield* second.engine.recover
      yield* second.engine.resume(run, { force: false })
      assert.strictEqual((yield* second.engine.settled(run)).status, "completed")
      assert.deepStrictEqual([decisions(world), world.sessions.length], [["rerun"], 1])
    }))
})
