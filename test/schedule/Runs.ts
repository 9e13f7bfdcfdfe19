/** A scheduler over runs that a test moves, and the words of its tests. */
import { assert } from "@effect/vitest"
import { Effect, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import { runStarted } from "../../layers/Testing.ts"
import { RunNotFound, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { DaemonConfig } from "../../src/project/DaemonConfig.ts"
import { RunEngine, type StartError } from "../../src/run/RunEngine.ts"
import { project } from "../../src/run/RunState.ts"
import type { RunTrouble } from "../../src/run/RunTrouble.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { empty, type QueueState } from "../../src/schedule/QueueState.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { dispatch, nameOf } from "./Queueing.ts"

/** Runs that stand where the test puts them. */
export class Runs {
  readonly started: Array<string> = []
  readonly statuses = new Map<RunId, RunStatus>()
  refusal: StartError | undefined
  defect: Error | undefined
  /** Their starts end when `hung` is opened. */
  readonly hanging = new Set<string>()
  readonly hung = Latch.makeUnsafe(false)
  troubles: ReadonlyArray<RunTrouble> = []
  unreadable: SessionStoreFailed | undefined
  readonly asked = Latch.makeUnsafe(false)
  /** Paused, with an attempt that has not ended. */
  readonly outliving = new Set<RunId>()
  readonly atRest = Latch.makeUnsafe(false)

  readonly start = (run: RunId, dispatch: SubjectDispatch) =>
    Effect.suspend((): Effect.Effect<RunHead, StartError> => {
      this.asked.openUnsafe()
      if (this.defect !== undefined) return Effect.die(this.defect)
      if (this.refusal !== undefined) return Effect.fail(this.refusal)
      const name = dispatch.subject.id.slice("task:".length)
      if (this.hanging.delete(name)) return Effect.andThen(this.hung.await, this.start(run, dispatch))
      if (!this.statuses.has(run)) {
        this.started.push(name)
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

/** Lets every fiber do what it can; nothing here waits on time. A start takes more turns than one adjustment gives. */
export const settle = Effect.andThen(TestClock.adjust(0), TestClock.adjust(0))

export const world = (runs: Runs, options: { readonly pool?: number; readonly queue?: QueueState } = {}) => {
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

export const runOf = Effect.fnUntraced(function*(name: string) {
  const entries = yield* DispatchQueue.use(({ list }) => list)
  return entries.find((entry) => nameOf(entry) === name)?.run ?? assert.fail(`${name} has no run`)
})

export const enqueue = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const scheduler = yield* Scheduler
  for (const name of names) yield* scheduler.enqueue(dispatch(name), 1)
  yield* settle
})
