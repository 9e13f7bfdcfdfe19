/** A run of a world, until it has settled. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { dispatch, run, type World } from "./World.ts"

/** A run of it, as far as it comes by itself. */
export const settle = Effect.fnUntraced(function*(world: World) {
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  return { engine, head: yield* engine.settled(run) }
})

/** The same of a run that waits now and then: time passes until it has settled. */
export const settleInTime = Effect.fnUntraced(function*(world: World) {
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  const settled = yield* Effect.forkChild(engine.settled(run))
  while (settled.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
  return yield* Fiber.join(settled)
})
