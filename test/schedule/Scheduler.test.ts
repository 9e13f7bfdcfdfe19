import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Layer, Scope } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { SessionStoreFailed, StoreDamaged } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { apply, empty, type QueueState } from "../../src/schedule/QueueState.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { dispatch, listed } from "./Queueing.ts"
import { enqueue, runOf, Runs, settle, world } from "./Runs.ts"

describe("Scheduler", () => {
  it.effect("starts what is queued as capacity allows, and goes on when a run ends", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      yield* enqueue("a", "b", "c")
      assert.deepStrictEqual(runs.started, ["a", "b"])
      assert.deepStrictEqual(yield* listed, ["a:assigned", "b:assigned", "c"])
      assert.deepStrictEqual(yield* scheduler.status, { paused: false, active: 2, capacity: 2 })
      for (const [name, status] of [["b", "completed"], ["a", "failed"], ["c", "cancelled"]] as const) {
        yield* runs.move(yield* runOf(name), status)
      }
      assert.deepStrictEqual(runs.started, ["a", "b", "c"])
      assert.deepStrictEqual(yield* listed, [])
      assert.deepStrictEqual([yield* scheduler.status, (yield* DispatchQueue.use(({ stats }) => stats)).done], [
        { paused: false, active: 0, capacity: 2 },
        3
      ])
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect.each(["waiting", "blocked", "paused", "escalated"] as const)(
    "gives the place of a run that is %s to another, and keeps its entry",
    (status) => {
      const runs = new Runs()
      return Effect.gen(function*() {
        const scheduler = yield* Scheduler
        yield* enqueue("a", "b")
        assert.deepStrictEqual(runs.started, ["a"])
        const first = yield* runOf("a")
        yield* runs.move(first, status)
        assert.deepStrictEqual(runs.started, ["a", "b"])
        assert.deepStrictEqual(yield* listed, ["a:assigned", "b:assigned"])
        yield* runs.move(first, "running")
        assert.strictEqual((yield* scheduler.status).active, 2)
        yield* runs.move(first, "completed")
        assert.deepStrictEqual(yield* listed, ["b:assigned"])
      }).pipe(Effect.provide(world(runs, { pool: 1 })))
    }
  )

  it.effect("gives the place of a paused run to another when its attempt has ended, though nothing more is said", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      yield* enqueue("a", "b")
      const paused = yield* runOf("a")
      runs.outliving.add(paused)
      yield* runs.move(paused, "paused")
      assert.deepStrictEqual(runs.started, ["a"])
      runs.outliving.delete(paused)
      yield* runs.atRest.open
      yield* settle
      assert.deepStrictEqual(runs.started, ["a", "b"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("starts nothing new while paused, and what waited when resumed", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      yield* scheduler.pause
      yield* enqueue("a")
      assert.deepStrictEqual(runs.started, [])
      assert.isTrue((yield* scheduler.status).paused)
      yield* scheduler.resume
      yield* settle
      assert.deepStrictEqual(runs.started, ["a"])
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect("starts nothing new once it drains, and leaves no pause behind", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const [scheduler, queue] = [yield* Scheduler, yield* DispatchQueue]
      yield* scheduler.drain
      yield* enqueue("a")
      assert.deepStrictEqual([runs.started, yield* listed], [[], ["a"]])
      assert.isFalse(yield* queue.paused)
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect("sees what an operator releases", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const [scheduler, queue] = [yield* Scheduler, yield* DispatchQueue]
      yield* scheduler.pause
      const { id } = yield* scheduler.enqueue(dispatch("a"), 1)
      yield* queue.hold(id, undefined)
      yield* scheduler.resume
      yield* settle
      assert.deepStrictEqual(runs.started, [])
      yield* queue.release(id)
      yield* settle
      assert.deepStrictEqual(runs.started, ["a"])
    }).pipe(Effect.provide(world(runs)))
  })

  it.effect("runs at once what is asked for at once, over capacity, and counts it", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      yield* enqueue("a")
      const head = yield* scheduler.runNow(dispatch("now"))
      yield* enqueue("b")
      assert.deepStrictEqual(runs.started, ["a", "now"])
      assert.deepInclude(yield* scheduler.status, { active: 2, capacity: 1 })
      yield* runs.move(yield* runOf("a"), "completed")
      assert.deepStrictEqual(runs.started, ["a", "now"])
      yield* runs.move(head.run, "completed")
      assert.deepStrictEqual(runs.started, ["a", "now", "b"])
      runs.refusal = new InvalidInput({ detail: "no" })
      assert.strictEqual((yield* Effect.flip(scheduler.runNow(dispatch("x"))))._tag, "InvalidInput")
      assert.strictEqual((yield* scheduler.status).active, 1)
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("keeps the place of a run that a person's word sets to work, until the engine has it", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      const heard = yield* Latch.make(false)
      const word = yield* Effect.forkChild(scheduler.follow(RunId.make("r1"), heard.await))
      yield* settle
      yield* enqueue("a")
      assert.deepStrictEqual([runs.started, yield* listed, (yield* scheduler.status).active], [[], ["a"], 1])
      yield* heard.open
      yield* Fiber.join(word)
      yield* settle
      assert.deepStrictEqual(runs.started, ["a"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("gives the place of a run that can no longer be read to another", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      const scheduler = yield* Scheduler
      yield* enqueue("a", "b")
      assert.deepStrictEqual(runs.started, ["a"])
      runs.unreadable = new SessionStoreFailed({ reason: new StoreDamaged({ path: "j", line: 3, detail: "bits" }) })
      yield* runs.move(yield* runOf("a"), "running")
      assert.deepStrictEqual(runs.started, ["a", "b"])
      runs.unreadable = undefined
      yield* runs.move(yield* runOf("a"), "completed")
      assert.deepStrictEqual([yield* listed, (yield* scheduler.status).active], [["b:assigned"], 1])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("gives the place of a run that had to stop to another, though its journal says that it runs", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      yield* enqueue("a", "b")
      const stopped = yield* runOf("a")
      runs.troubles = [{ run: stopped, detail: "stopped where it is", waits: false, full: false }]
      yield* runs.move(stopped, "running")
      assert.deepStrictEqual(runs.started, ["a", "b"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })
})

describe("a new daemon", () => {
  const leased = (run: string, name: string): QueueState => {
    const entry = { id: `q-${name}`, dispatch: dispatch(name), priority: 1, state: "pending" as const, enqueued_at: "" }
    return apply(apply(empty, { _tag: "Enqueued", entry }), { _tag: "Leased", entry: entry.id, run: RunId.make(run) })
  }

  it.effect("starts, under its id, the run that was leased and never began; exactly once", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      for (let start = 0; start < 3; start++) {
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(Layer.fresh(world(runs, { queue: leased("r1", "a") })), scope)
        yield* settle
        yield* Scope.close(scope, Exit.void)
      }
      assert.deepStrictEqual(runs.started, ["a"])
      assert.deepStrictEqual([...runs.statuses.keys()], ["r1"])
    })
  })

  it.effect("keeps the entry of a run that waits, and forgets that of one that ended meanwhile", () => {
    const runs = new Runs()
    runs.statuses.set(RunId.make("r1"), "waiting")
    return Effect.gen(function*() {
      yield* settle
      assert.deepStrictEqual(yield* listed, ["a:assigned"])
      assert.strictEqual((yield* Scheduler.use(({ status }) => status)).active, 0)
      yield* runs.move(RunId.make("r1"), "completed")
      assert.deepStrictEqual(yield* listed, [])
      assert.deepStrictEqual(runs.started, [])
    }).pipe(Effect.provide(world(runs, { queue: leased("r1", "a") })))
  })
})
