import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Logger } from "effect"
import { TestClock } from "effect/testing"
import { deciding, dispatch, manual, run, workflow, World } from "./World.ts"

/** A run that has taken its subject, and waits for a person. */
const atGate = Effect.gen(function*() {
  const world = new World()
  world.definition = workflow(manual("review"))
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  yield* engine.settled(run)
  return { engine, world }
})

describe("the subject of a run", () => {
  it.effect.each(["in-progress", "done"] as const)(
    "cancelling at a gate gives back the subject that the run took (%s when asked)",
    (status) =>
      Effect.gen(function*() {
        const { engine, world } = yield* atGate
        world.subjects.status = status
        yield* engine.cancel(run, "not now")
        assert.strictEqual(world.subjects.status, status === "done" ? "done" : "ready")
        assert.strictEqual((yield* engine.get(run)).phases[0]?.status, "cancelled")
      })
  )

  it.effect("an agent that will not do the work leaves its subject to a person", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session) =>
        Effect.succeed(deciding(session, { verdict: "skip", confidence: 1, reason: "duplicate" }))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.deepInclude(yield* engine.settled(run), { status: "cancelled", reason: "duplicate" })
      assert.strictEqual(world.subjects.status, "blocked")
      assert.strictEqual((yield* engine.get(run)).phases[0]?.status, "success")
    }))

  it.effect("is asked for again when its plugin died before it answered, and told again", () =>
    Effect.gen(function*() {
      const world = new World()
      world.subjects.deaths = 1
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      world.subjects.deaths = 1
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual([world.subjects.status, world.subjects.deaths < 0], ["done", true])
    }))

  it.effect("that ends its plugin each time does so twice, and whoever begins its run hears how", () =>
    Effect.gen(function*() {
      const world = new World()
      world.subjects.deaths = Number.POSITIVE_INFINITY
      const { engine } = yield* world.boot
      const error = yield* Effect.flip(engine.start(run, dispatch))
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.deepStrictEqual([world.tags, world.subjects.asked], [[], 2])
    }))

  it.effect("whose plugin dies and is long in coming back is said to be lost", () =>
    Effect.gen(function*() {
      const world = new World()
      world.subjects.deaths = 1
      const askedAgain = yield* Latch.make(false)
      world.subjects.afterwards = Effect.andThen(askedAgain.open, Effect.never)
      const { engine } = yield* world.boot
      const starting = yield* Effect.forkChild(Effect.flip(engine.start(run, dispatch)))
      yield* askedAgain.await
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(starting))._tag, "ConnectionLost")
    }))

  it.effect("that was given back is told so, though its plugin died in the middle", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* atGate
      world.subjects.diesAfter = "ready"
      yield* engine.cancel(run, "not now")
      const told = world.daemonEvents.filter(([kind]) => kind === "task-state-change").map(([, payload]) => payload)
      assert.deepInclude(told.at(-1), { to_status: "ready" })
    }))

  it.effect.each(["hangs", "fails"] as const)(
    "a subject backend that %s never holds a run up for long, and is named",
    (how) => {
      const heard: Array<string> = []
      return Effect.gen(function*() {
        const world = new World()
        world.subjects.change = how
        const { engine } = yield* world.boot
        yield* engine.start(run, dispatch)
        const settled = yield* Effect.forkChild(engine.settled(run))
        yield* TestClock.adjust("10 seconds")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(settled)).status, "completed")
        const [first] = heard.filter((text) => text.includes("could not be set to in-progress"))
        assert.match(first ?? "", how === "hangs" ? /plugin \S+ did not answer task\/status within 10000 ms/ : /: ./)
      }).pipe(Effect.provide(Logger.layer([Logger.make(({ message }) => void heard.push(String(message)))])))
    }
  )
})
