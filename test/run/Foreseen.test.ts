/** The record of a first session is written beside the event that begins its attempt, and may be there without it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch, Layer, Scope } from "effect"
import { SessionId } from "../../schemas/Ids.ts"
import type { SessionRecord } from "../../schemas/SessionRecord.ts"
import { CrashPoint } from "../../src/run/CrashPoint.ts"
import { RecordWrites } from "../../src/run/phases/SessionRecords.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { agent, dispatch, run, workflow, World } from "./World.ts"

const worldOf = () => {
  const world = new World()
  world.definition = workflow(agent("implement"))
  return world
}

const foreseen: SessionRecord = {
  workflow_id: run,
  phase_id: "implement",
  attempt: 1,
  provider: "exec",
  run_id: SessionId.make("session-1"),
  provider_session_id: null,
  status: "pending",
  started_at: "2026-01-01T00:00:00Z",
  foreseen: true
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

/** What the daemon after it makes of the run. */
const recovered = Effect.fnUntraced(function*(world: World) {
  const { engine } = yield* world.boot
  yield* engine.recover
  const { status } = yield* engine.settled(run)
  return { status, decisions: decisions(world), launched: world.sessions.length }
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
      assert.deepStrictEqual(yield* recovered(world), { status: "completed", decisions: ["rerun"], launched: 1 })
    }))

  it.effect("and may have been launched is not taken for one that was not", () =>
    Effect.gen(function*() {
      const world = worldOf()
      const first = yield* stopping(world, "phase-started", 1)
      yield* first.engine.start(run, dispatch)
      yield* first.reached
      assert.deepStrictEqual(yield* recovered(world), { status: "blocked", decisions: ["blocked"], launched: 0 })
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

  it.effect("is taken back before the record of a launch that follows is written", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const slow = yield* Latch.make(false)
      const store = Layer.mock(SessionStore, {
        location: () => undefined,
        putSession: ({ status }) =>
          Effect.andThen(status === "failed" ? slow.await : Effect.void, Effect.sync(() => void written.push(status)))
      })
      const { foreseen: _, ...record } = foreseen
      yield* Effect.gen(function*() {
        const writes = new RecordWrites()
        yield* writes.startEarly(foreseen)
        yield* writes.done
        const takingBack = yield* Effect.forkChild(writes.takeBack, { startImmediately: true })
        const beginning = yield* Effect.forkChild(writes.begin(record), { startImmediately: true })
        yield* slow.open
        yield* Fiber.join(takingBack)
        assert.isUndefined((yield* Fiber.join(beginning)).foreseen)
      }).pipe(Effect.provide(store))
      assert.deepStrictEqual(written, ["pending", "failed", "pending"])
    }))
})
