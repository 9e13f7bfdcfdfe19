/** What becomes of an entry whose run cannot be started. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { ConnectionLost, PluginRefused, ProtocolMismatch } from "../../schemas/errors/PluginErrors.ts"
import { SessionStoreFailed, StoreFull } from "../../schemas/errors/RunErrors.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { dispatch, listed } from "./Queueing.ts"
import { enqueue, runOf, Runs, settle, world } from "./Runs.ts"

/** The entry of a start that fails is held for this reason; with that mended, the one behind it starts. */
const holdsAndGoesOn = Effect.fnUntraced(function*(runs: Runs, reason: string) {
  yield* enqueue("a")
  assert.deepStrictEqual(yield* listed, ["a:held"])
  assert.strictEqual((yield* DispatchQueue.use(({ list }) => list))[0]?.hold_reason, reason)
  assert.strictEqual((yield* Scheduler.use(({ status }) => status)).active, 0)
  runs.refusal = undefined
  runs.defect = undefined
  yield* enqueue("b")
  assert.deepStrictEqual(runs.started, ["b"])
})

describe("a start that fails", () => {
  it.effect("holds what cannot be started, with the reason, and goes on with the next", () => {
    const runs = new Runs()
    runs.refusal = new InvalidInput({ detail: "workflow w needs values for: x" })
    return Effect.provide(holdsAndGoesOn(runs, "workflow w needs values for: x"), world(runs, { pool: 1 }))
  })

  it.effect("tries by itself again what could not be started because something was away, after what never failed", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      runs.refusal = new ConnectionLost({ plugin: "tracker", detail: "it is away" })
      yield* enqueue("a")
      runs.refusal = undefined
      yield* enqueue("b")
      yield* enqueue("c")
      assert.deepStrictEqual(runs.started, ["b"])
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual([runs.started, yield* listed], [["b"], ["a", "b:assigned", "c"]])
      yield* runs.move(yield* runOf("b"), "completed")
      yield* runs.move(yield* runOf("c"), "completed")
      assert.deepStrictEqual([runs.started, yield* listed], [["b", "c", "a"], ["a:assigned"]])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("waits for the time at which something is tried again, and no longer", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      runs.refusal = new PluginRefused({ plugin: "tracker", method: "task/get", code: -32000, detail: "no network" })
      yield* enqueue("a")
      runs.refusal = undefined
      yield* TestClock.adjust("14 seconds")
      assert.deepStrictEqual(runs.started, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(runs.started, ["a"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("holds what no time cures, though it makes a plugin unavailable", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      runs.refusal = new ProtocolMismatch({ plugin: "tracker", theirs: "2.0.0", ours: "1.1.0" })
      yield* enqueue("a")
      assert.deepStrictEqual(yield* listed, ["a:held"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("a start that breaks down holds its own entry, and keeps none behind it waiting", () => {
    const runs = new Runs()
    runs.defect = new Error("what nobody thought of")
    return Effect.provide(holdsAndGoesOn(runs, "what nobody thought of"), world(runs, { pool: 1 }))
  })

  it.effect("waits for a store that is full, under the same run id", () => {
    const runs = new Runs()
    runs.refusal = new SessionStoreFailed({ reason: new StoreFull({ path: "j" }) })
    return Effect.gen(function*() {
      yield* enqueue("a")
      const run = yield* runOf("a")
      assert.deepStrictEqual(yield* listed, ["a:assigned"])
      const scheduler = yield* Scheduler
      const [trouble, ...others] = yield* scheduler.troubles
      assert.include(trouble, `the start of run ${run} waits for the store since `)
      assert.include(trouble, ": no space left for j.")
      assert.deepStrictEqual(others, [])
      runs.refusal = undefined
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([...runs.statuses.keys()], [run])
      assert.deepStrictEqual(yield* scheduler.troubles, [])
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect("keeps none behind it waiting while it takes long, and holds its place", () => {
    const runs = new Runs()
    runs.hanging.add("a")
    return Effect.gen(function*() {
      yield* enqueue("a", "b", "c")
      assert.deepStrictEqual([runs.started, yield* listed], [["b"], ["a:assigned", "b:assigned", "c"]])
      yield* runs.move(yield* runOf("b"), "completed")
      assert.deepStrictEqual(runs.started, ["b", "c"])
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect("gives its place to another once it has not been prompt, and is told until it ends", () => {
    const runs = new Runs()
    runs.hanging.add("a")
    return Effect.gen(function*() {
      yield* enqueue("a", "b")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(runs.started, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([runs.started, yield* listed], [["b"], ["a:assigned", "b:assigned"]])
      const scheduler = yield* Scheduler
      const run = yield* runOf("a")
      assert.deepStrictEqual([...yield* scheduler.starting], [[run, 0]])
      const [trouble] = yield* scheduler.troubles
      assert.include(trouble, `the start of run ${run} goes on since 1970-01-01T00:00:00.000Z: what serves its subject`)
      yield* runs.hung.open
      yield* settle
      assert.deepStrictEqual([runs.started, yield* scheduler.troubles], [["b", "a"], []])
      assert.strictEqual((yield* scheduler.status).active, 2)
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("says of a run that found no room to begin that nothing was started", () => {
    const runs = new Runs()
    runs.refusal = new SessionStoreFailed({ reason: new StoreFull({ path: "/runs/j" }) })
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      const error = yield* Effect.flip(scheduler.runNow(dispatch("a")))
      assert.strictEqual(
        error.message,
        "nothing was started: no space left for /runs/j. Free some space there, then type the same command again"
      )
      assert.strictEqual((yield* scheduler.status).active, 0)
    }).pipe(Effect.provide(world(runs)))
  })
})
