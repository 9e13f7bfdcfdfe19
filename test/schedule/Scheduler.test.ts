import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { runStarted } from "../../layers/Testing.ts"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import { RunNotFound, SessionStoreFailed, StoreDamaged, StoreFull } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { DaemonConfig } from "../../src/project/DaemonConfig.ts"
import { RunEngine, type StartError } from "../../src/run/RunEngine.ts"
import { project } from "../../src/run/RunState.ts"
import type { RunTrouble } from "../../src/run/RunTrouble.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { apply, empty, type QueueState } from "../../src/schedule/QueueState.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { dispatch, listed, nameOf } from "./Queueing.ts"

/** Runs that stand where the test puts them. */
class Runs {
  readonly started: Array<string> = []
  readonly statuses = new Map<RunId, RunStatus>()
  refusal: StartError | undefined
  defect: Error | undefined
  troubles: ReadonlyArray<RunTrouble> = []
  unreadable: SessionStoreFailed | undefined
  readonly asked = Latch.makeUnsafe(false)
  /** Paused, with an attempt that has not ended. */
  readonly outliving = new Set<RunId>()
  readonly atRest = Latch.makeUnsafe(false)

  readonly start = (run: RunId, { subject }: SubjectDispatch) =>
    Effect.suspend((): Effect.Effect<RunHead, StartError> => {
      this.asked.openUnsafe()
      if (this.defect !== undefined) return Effect.die(this.defect)
      if (this.refusal !== undefined) return Effect.fail(this.refusal)
      if (!this.statuses.has(run)) {
        this.started.push(subject.id.slice("task:".length))
        this.statuses.set(run, "running")
      }
      return Effect.succeed(this.head(run))
    })

  head(run: RunId): RunHead {
    const status = this.statuses.get(run) ?? "running"
    return { run, workflow: "w", status, started_at: "", updated_at: "", sequence: 1 }
  }

  get atWork() {
    const running = [...this.statuses].filter(([run, status]) => status === "running" || this.outliving.has(run))
      .map(([run]) => run)
    return this.unreadable !== undefined ? [] : running.filter((run) => this.troubles.every((one) => one.run !== run))
  }

  get layer() {
    const template = project(RunId.make("t"), [{ sequence: 1, at: "", event: runStarted("w") }])
    const unused = Effect.die("not asked by a scheduler")
    return Layer.succeed(
      RunEngine,
      RunEngine.of({
        start: this.start,
        get: (run) =>
          Effect.suspend((): ReturnType<RunEngine["Service"]["get"]> =>
            this.unreadable !== undefined
              ? Effect.fail(this.unreadable)
              : template === undefined || !this.statuses.has(run)
              ? Effect.fail(new RunNotFound({ run }))
              : Effect.succeed({ ...template, head: this.head(run) })
          ),
        approve: () => unused,
        reject: () => unused,
        cancel: () => unused,
        pause: () => unused,
        resume: () => unused,
        retry: () => unused,
        fork: () => unused,
        respond: () => unused,
        remove: () => unused,
        asking: Effect.succeed([]),
        settled: (run) => Effect.as(this.atRest.await, this.head(run)),
        atWork: Effect.sync(() => this.atWork),
        troubles: Effect.sync(() => this.troubles),
        recover: unused
      })
    )
  }

  /** Moves a run and says so, as the engine would. */
  readonly move = Effect.fnUntraced(function*(this: Runs, run: RunId, status: RunStatus) {
    this.statuses.set(run, status)
    const notifications = yield* Notifications
    yield* notifications.publish("workflow", [{ workflow_id: run, kind: "x", payload: null, occurred_at: "" }])
    yield* settle
  }).bind(this)
}

/** Lets every fiber do what it can; nothing here waits on time. */
const settle = TestClock.adjust(0)

const world = (runs: Runs, options: { readonly pool?: number; readonly queue?: QueueState } = {}) => {
  const queue = Layer.effect(
    DispatchQueue,
    DispatchQueue.make({ initial: options.queue ?? empty, append: () => Effect.void })
  )
  const config = DaemonConfig.of({
    session_store: "memory",
    pool_size: options.pool ?? 2,
    log_level: "info",
    runner: "in_process",
    transports: {}
  })
  return Scheduler.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(queue, runs.layer, Notifications.layer, Layer.succeed(DaemonConfig, config)))
  )
}

const runOf = Effect.fnUntraced(function*(name: string) {
  const entries = yield* DispatchQueue.use(({ list }) => list)
  return entries.find((entry) => nameOf(entry) === name)?.run ?? assert.fail(`${name} has no run`)
})

const enqueue = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const scheduler = yield* Scheduler
  for (const name of names) yield* scheduler.enqueue(dispatch(name), 1)
  yield* settle
})

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

  it.effect("holds what cannot be started, with the reason, and goes on with the next", () => {
    const runs = new Runs()
    runs.refusal = new InvalidInput({ detail: "workflow w needs values for: x" })
    return Effect.gen(function*() {
      yield* enqueue("a")
      assert.deepStrictEqual(yield* listed, ["a:held"])
      const [entry] = yield* DispatchQueue.use(({ list }) => list)
      assert.strictEqual(entry?.hold_reason, "workflow w needs values for: x")
      assert.strictEqual((yield* Scheduler.use(({ status }) => status)).active, 0)
      runs.refusal = undefined
      yield* enqueue("b")
      assert.deepStrictEqual(runs.started, ["b"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("tries by itself again what could not be started because something was away, and goes on with the next", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      runs.refusal = new ConnectionLost({ plugin: "tracker", detail: "it is away" })
      yield* enqueue("a")
      assert.deepStrictEqual(yield* listed, ["a:held"])
      runs.refusal = undefined
      yield* enqueue("b")
      assert.deepStrictEqual(runs.started, ["b"])
      yield* runs.move(yield* runOf("b"), "completed")
      yield* TestClock.adjust("14 seconds")
      assert.deepStrictEqual([runs.started, yield* listed], [["b"], ["a:held"]])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([runs.started, yield* listed], [["b", "a"], ["a:assigned"]])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
  })

  it.effect("a start that breaks down holds its own entry, and keeps none behind it waiting", () => {
    const runs = new Runs()
    return Effect.gen(function*() {
      runs.defect = new Error("what nobody thought of")
      yield* enqueue("a")
      assert.deepStrictEqual(yield* listed, ["a:held"])
      assert.strictEqual((yield* DispatchQueue.use(({ list }) => list))[0]?.hold_reason, "what nobody thought of")
      runs.defect = undefined
      yield* enqueue("b")
      assert.deepStrictEqual(runs.started, ["b"])
    }).pipe(Effect.provide(world(runs, { pool: 1 })))
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
      assert.match(trouble ?? "", /^the dispatch of queued work waits for the store since .*: no space left for j\./)
      assert.deepStrictEqual(others, [])
      runs.refusal = undefined
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([...runs.statuses.keys()], [run])
      assert.deepStrictEqual(yield* scheduler.troubles, [])
    }).pipe(Effect.provide(world(runs)))
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
