/**
 * Turns queued dispatches into runs, as capacity allows. Pausing stops new dispatch only: what runs goes on. Runs that wait
 * for somebody hold no capacity; a run's queue entry goes away when the run has ended, however long that takes.
 */
import { Context, Effect, Layer, Queue, Ref, Stream } from "effect"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { type Delivery, Notifications } from "../notify/Notifications.ts"
import { DaemonConfig } from "../project/DaemonConfig.ts"
import { RunEngine, type StartError } from "../run/RunEngine.ts"
import { patiently } from "../run/StorePatience.ts"
import { DispatchQueue } from "./DispatchQueue.ts"
import { mintRunId } from "./RunIds.ts"

export interface SchedulerStatus {
  readonly paused: boolean
  readonly active: number
  readonly capacity: number
}

const ended: ReadonlySet<RunHead["status"]> = new Set(["completed", "failed", "cancelled", "escalated"])

export class Scheduler extends Context.Service<Scheduler, {
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
  /** Starts now, ahead of the queue; counts against capacity but does not wait for it. */
  readonly runNow: (dispatch: SubjectDispatch) => Effect.Effect<RunHead, StartError>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly status: Effect.Effect<SchedulerStatus>
}>()("animus/schedule/Scheduler") {
  /** Begins to dispatch as soon as it is built: recovery has to be over by then. */
  static readonly layer = Layer.effect(Scheduler, Effect.suspend(() => make))
}

const make = Effect.gen(function*() {
  const engine = yield* RunEngine
  const queue = yield* DispatchQueue
  const { pool_size: capacity } = yield* DaemonConfig
  const paused = yield* Ref.make(false)
  const wake = yield* Queue.sliding<void>(1)
  const awaken = Queue.offer(wake, undefined)
  /** Every run that has not ended, and whether it is at work. */
  const tracked = new Map<RunId, boolean>()

  const active = () => [...tracked.values()].filter((working) => working).length

  const track = Effect.fnUntraced(function*({ run, status }: RunHead) {
    if (ended.has(status)) {
      tracked.delete(run)
      yield* patiently(queue.complete(run))
    } else tracked.set(run, status === "running")
    yield* awaken
  })

  const look = Effect.fnUntraced(
    function*(run: RunId) {
      yield* track((yield* engine.get(run)).head)
    },
    (effect, run) =>
      Effect.catch(effect, (error) => Effect.logError(`run ${run} cannot be looked at: ${error.message}`))
  )

  /** A store that is away is waited out; anything else is for an operator to mend. */
  const start = Effect.fnUntraced(function*(run: RunId, dispatch: SubjectDispatch) {
    tracked.set(run, true)
    yield* Effect.matchEffect(patiently(engine.start(run, dispatch)), {
      onSuccess: track,
      onFailure: (error) =>
        Effect.gen(function*() {
          tracked.delete(run)
          yield* Effect.logError(`dispatch of ${dispatch.subject.id} is held: ${error.message}`)
          yield* patiently(queue.refuse(run, error.message))
        })
    })
  })

  const dispatchOne = Effect.gen(function*() {
    if ((yield* Ref.get(paused)) || active() >= capacity) return false
    const run = yield* mintRunId
    const entry = yield* patiently(queue.lease(run))
    if (entry === undefined) return false
    yield* start(run, entry.dispatch)
    return true
  })

  const dispatching = Effect.gen(function*() {
    while (true) {
      if (!(yield* dispatchOne)) yield* Queue.take(wake)
    }
  })

  /** Leased before the last daemon ended: either the run exists, or it is started now, under the same id. */
  const takeUp = Effect.gen(function*() {
    for (const { dispatch, run } of yield* queue.list) {
      if (run !== undefined) yield* start(run, dispatch)
    }
  })

  /** Any word about a run is a reason to look at it; words that were lost are a reason to look at them all. */
  const following = Effect.gen(function*() {
    const notifications = yield* Notifications
    const deliveries = yield* notifications.subscribe("workflow")
    return yield* deliveries.pipe(Stream.runForEach((delivery) => {
      const about = delivery._tag === "Lagged"
        ? undefined
        : new Set(delivery.items.map(({ workflow_id }) => workflow_id))
      const runs = [...tracked.keys()].filter((run) => about === undefined || about.has(run))
      return Effect.forEach(runs, look, { discard: true })
    }))
  })

  const runNow = Effect.fn("Scheduler.runNow")(function*(dispatch: SubjectDispatch) {
    const run = yield* mintRunId
    const head = yield* engine.start(run, dispatch)
    tracked.set(run, true)
    yield* look(run)
    return head
  })

  const deliveries = yield* Effect.flatMap(Notifications, (notifications) => notifications.subscribe("workflow"))
  yield* Effect.forkScoped(Stream.runForEach(deliveries, follow))
  yield* takeUp
  yield* queue.changed.pipe(Effect.andThen(awaken), Effect.forever, Effect.forkScoped)
  yield* Effect.forkScoped(dispatching)

  return Scheduler.of({
    enqueue: queue.enqueue,
    runNow,
    pause: Ref.set(paused, true),
    resume: Effect.andThen(Ref.set(paused, false), awaken),
    status: Effect.map(Ref.get(paused), (paused) => ({ paused, active: active(), capacity }))
  })
})
