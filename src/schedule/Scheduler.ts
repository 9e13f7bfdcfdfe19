/**
 * Turns queued dispatches into runs, as capacity allows. Pausing stops new dispatch only, until an operator resumes it, over
 * any restart; what runs goes on. Waiting and blocked runs hold no capacity; a run's queue entry goes away when the run has ended, however long that takes.
 */
import { Cause, Clock, Context, DateTime, Effect, Layer, Option, Queue, Ref, Result } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import { RunNotStarted, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { DaemonConfig } from "../project/DaemonConfig.ts"
import { crashPoint } from "../run/CrashPoint.ts"
import { RunEngine, type StartError } from "../run/RunEngine.ts"
import { describeWait, patiently, StoreWaits } from "../run/StorePatience.ts"
import { DispatchQueue } from "./DispatchQueue.ts"
import { mintRunId } from "./RunIds.ts"
import { makeRunTracker, type RunTracker } from "./RunTracker.ts"

export interface SchedulerStatus {
  readonly paused: boolean
  readonly active: number
  readonly capacity: number
}

export class Scheduler extends Context.Service<Scheduler, {
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
  /** Starts now, ahead of the queue; counts against capacity but does not wait for it. */
  readonly runNow: (dispatch: SubjectDispatch) => Effect.Effect<RunHead, StartError | RunNotStarted>
  /** The same of any other way to begin a run, under the id that is minted for it. */
  readonly begin: <E>(
    start: (run: RunId) => Effect.Effect<RunHead, E | StartError>
  ) => Effect.Effect<RunHead, E | StartError | RunNotStarted>
  /** A run that `command` may set to work holds its place from before the engine hears of it. */
  readonly follow: <A, E>(run: RunId, command: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly pause: Effect.Effect<void, SessionStoreFailed>
  readonly resume: Effect.Effect<void, SessionStoreFailed>
  /** This daemon dispatches nothing more; the next one does, as if this had not been asked. */
  readonly drain: Effect.Effect<void>
  readonly status: Effect.Effect<SchedulerStatus>
  /** Since when runs are being started that take longer than starts do, in epoch milliseconds. */
  readonly starting: Effect.Effect<ReadonlyMap<RunId, number>>
  /** Why nothing of the queue is dispatched, or kept, at the moment: each as an operator reads it. */
  readonly troubles: Effect.Effect<ReadonlyArray<string>>
}>()("animus/schedule/Scheduler") {
  /** Begins to dispatch as soon as it is built: recovery of unfinished runs has to be over by then. */
  static readonly layer = Layer.effect(Scheduler, Effect.suspend(() => make))
}

/** A start that takes longer gives its place to another: what it waits for may be away, and nothing else ought to wait for that. */
const PROMPT = "2 seconds"

interface Dispatching {
  readonly engine: RunEngine["Service"]
  readonly queue: DispatchQueue["Service"]
  readonly tracker: RunTracker
  readonly mayDispatch: Effect.Effect<boolean>
  readonly waits: StoreWaits
  /** Those that are not prompt. */
  readonly starting: Map<RunId, number>
  /** Something has changed since nothing could be dispatched, for want of capacity or of work. */
  readonly woken: Effect.Effect<void>
}

/** Never ends: an entry that cannot be started, or is long in starting, keeps none behind it from being started. */
const dispatcher = ({ engine, mayDispatch, queue, starting, tracker, waits, woken }: Dispatching) => {
  /** What is away is tried again by itself; what is wrong is for an operator to mend, and its entry is held. */
  const giveBack = Effect.fnUntraced(
    function*(run: RunId, { subject }: SubjectDispatch, cause: Cause.Cause<StartError>) {
      if (Cause.hasInterruptsOnly(cause)) return yield* Effect.interrupt
      const reason = Cause.prettyErrors(cause).map(({ message }) => message).join("; ")
      tracker.forget(run)
      const given = Cause.findErrorOption(cause).pipe(Option.exists(isAway))
        ? Effect.flatMap(
          queue.defer(run, reason),
          (until) => Effect.logWarning(`dispatch of ${subject.id} is tried again at ${until}: ${reason}`)
        )
        : Effect.andThen(queue.refuse(run, reason), Effect.logError(`dispatch of ${subject.id} is held: ${reason}`))
      yield* keep(given)
    }
  )
  const notPrompt = Effect.fnUntraced(function*(run: RunId) {
    const since = yield* Clock.currentTimeMillis
    yield* Effect.sleep(PROMPT)
    starting.set(run, since)
    yield* tracker.discount(run)
    return yield* Effect.never
  })
  /** It holds its place at once, and is waited for by nobody. */
  const start = (run: RunId, dispatch: SubjectDispatch) =>
    Effect.suspend(() => {
      tracker.begin(run)
      const started = Effect.matchCauseEffect(patiently(engine.start(run, dispatch)), {
        onSuccess: () => tracker.look(run),
        onFailure: (cause) => giveBack(run, dispatch, cause)
      })
      return Effect.raceFirst(waits.follow(nameOf(run), started), notPrompt(run)).pipe(
        Effect.ensuring(Effect.sync(() => starting.delete(run))),
        Effect.forkScoped
      )
    })

  /** The id is minted before the lease, which keeps it: a crash before the start ends in that run, not in a second one. */
  const dispatchOne = Effect.gen(function*() {
    if (!(yield* mayDispatch)) return yield* woken
    const run = yield* mintRunId
    const leased = yield* Effect.result(patiently(queue.lease(run)))
    if (Result.isFailure(leased)) return yield* Effect.andThen(unwritable(leased.failure), woken)
    if (leased.success === undefined) return yield* Effect.raceFirst(woken, queue.awaitDue)
    yield* crashPoint("queue-leased")
    yield* start(run, leased.success.dispatch)
  })
  return Effect.gen(function*() {
    // Leased before the last daemon ended: either the run exists, or it is started now, under the same id.
    for (const { dispatch, run } of yield* queue.list) if (run !== undefined) yield* start(run, dispatch)
    while (true) yield* dispatchOne
  })
}

const nameOf = (run: RunId): string => `the start of run ${run}`

const make = Effect.gen(function*() {
  const engine = yield* RunEngine
  const queue = yield* DispatchQueue
  const { pool_size: capacity } = yield* DaemonConfig
  const draining = yield* Ref.make(false)
  const wake = yield* Queue.sliding<void>(1)
  const awaken = Queue.offer(wake, undefined)
  const waits = new StoreWaits()
  const starting = new Map<RunId, number>()
  const tracker = yield* makeRunTracker({
    onEnd: Effect.fnUntraced(function*(run) {
      yield* crashPoint("queue-completing")
      yield* waits.follow(`the queue entry of run ${run}`, keep(queue.complete(run)))
      yield* crashPoint("queue-completed")
    }),
    onChange: awaken
  })

  const mayDispatch = Effect.zipWith(
    Ref.get(draining),
    tracker.active,
    (drains, active) => !drains && active < capacity
  )
  const dispatching = dispatcher({ engine, queue, tracker, mayDispatch, starting, waits, woken: Queue.take(wake) })

  const begin = Effect.fn("Scheduler.begin")(
    function*<E>(start: (run: RunId) => Effect.Effect<RunHead, E | StartError>) {
      const run = yield* mintRunId
      return yield* tracker.during(run, Effect.mapError(start(run), refused))
    }
  )

  yield* queue.changed.pipe(Effect.andThen(awaken), Effect.forever, Effect.forkScoped)
  yield* Effect.forkScoped(waits.follow("the dispatch of queued work", dispatching))

  return Scheduler.of({
    enqueue: queue.enqueue,
    runNow: (dispatch) => begin((run) => engine.start(run, dispatch)),
    begin,
    follow: tracker.during,
    pause: queue.pause,
    resume: queue.resume,
    drain: Ref.set(draining, true),
    status: Effect.zipWith(queue.paused, tracker.active, (paused, active) => ({ paused, active, capacity })),
    starting: Effect.sync(() => starting),
    troubles: Effect.sync(() => {
      const stored = new Map(waits.list())
      const late = [...starting].filter(([run]) => !stored.has(nameOf(run)))
      return [
        ...late.map(([run, since]) => `${nameOf(run)} ${describeLate(since)}`),
        ...Array.from(stored, ([what, wait]) => `${what} ${describeWait(wait)}`)
      ]
    })
  })
})

const describeLate = (since: number): string =>
  `goes on since ${DateTime.formatIso(DateTime.makeUnsafe(since))}: what serves its subject has not answered. ` +
  "It is tried again by itself; see: animus queue list, animus plugin status"

const refused = <E>(error: E): E | RunNotStarted =>
  error instanceof SessionStoreFailed && error.reason._tag === "StoreFull"
    ? new RunNotStarted({ path: error.reason.path })
    : error

const AWAY: ReadonlySet<StartError["_tag"]> = new Set(
  ["ConnectionLost", "PluginCrashed", "RequestTimedOut", "RestartBudgetExhausted"] as const
)

/** Time alone may cure it, or an operator who looks after the plugin and knows of no entries. */
const isAway = (error: StartError): boolean =>
  AWAY.has(error._tag) || (error._tag === "PluginRefused" && error.category === "unavailable")

const unwritable = (error: SessionStoreFailed) => Effect.logError(`the queue cannot be written: ${error.message}`)

/** A store that is away is waited out; a damaged one is told, and the same word is said again at the next start. */
const keep = (change: Effect.Effect<void, SessionStoreFailed>) => Effect.catch(patiently(change), unwritable)
