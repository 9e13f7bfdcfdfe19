/**
 * Which runs hold capacity now: those that the engine has at work, wherever they came from, and those that are about to be.
 * One out of the queue is told to `onEnd` when it has ended, once that is certain, and holds its place until then. Any word
 * about a run is a reason to look at it; lost words are a reason to look at them all.
 */
import { Cause, Effect, FiberMap, Semaphore, Stream } from "effect"
import type { RunId } from "../../schemas/Ids.ts"
import { Notifications } from "../notify/Notifications.ts"
import { RunEngine } from "../run/RunEngine.ts"
import { isFinished } from "../session/RunHead.ts"

export interface RunTracker {
  readonly active: Effect.Effect<number>
  /** Counts as at work from now on, until it is looked at. */
  readonly begin: (run: RunId) => void
  /** Does not count until it is looked at; nothing of one that was forgotten. */
  readonly discount: (run: RunId) => Effect.Effect<void>
  readonly forget: (run: RunId) => void
  readonly look: (run: RunId) => Effect.Effect<void>
  /** Counts as at work while `command` goes on; what the engine has at work after that counts by itself. */
  readonly during: <A, E>(run: RunId, command: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

interface Hearing {
  readonly onEnd: (run: RunId) => Effect.Effect<void>
  /** Told whenever capacity may have become free. */
  readonly onChange: Effect.Effect<unknown>
}

/** Runs out of the queue; true of those that are at work, or about to be, as far as was heard. */
const makeQueued = Effect.fnUntraced(function*(onEnd: Hearing["onEnd"]) {
  const engine = yield* RunEngine
  const turn = yield* Semaphore.make(1)
  const runs = new Map<RunId, boolean>()

  /** Its journal says that it runs, and nothing drives it. */
  const isStopped = (run: RunId) =>
    Effect.map(engine.troubles, (troubles) => troubles.some((one) => one.run === run && !one.waits))

  const look = (run: RunId) =>
    Effect.gen(function*() {
      const { status } = (yield* engine.get(run)).head
      if (isFinished(status)) {
        yield* onEnd(run)
        runs.delete(run)
      } else runs.set(run, status === "running" && !(yield* isStopped(run)))
    }).pipe(
      Effect.catchTag("RunNotFound", () => Effect.sync(() => void runs.delete(run))),
      // What this daemon performs it has in memory: a run that has to be read, and cannot be, is not at work here.
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.andThen(
            Effect.logError(`run ${run} cannot be looked at, and holds no capacity`, cause),
            Effect.sync(() => runs.set(run, false))
          )
      ),
      // One after the other: what was read first must not be remembered last.
      turn.withPermit
    )
  return { runs, look }
})

/** Tells of a change now, and once more when a run that is at work now is so no longer. */
const makeChanged = Effect.fnUntraced(function*(onChange: Hearing["onChange"]) {
  const engine = yield* RunEngine
  const waits = yield* FiberMap.make<RunId>()
  // An attempt that outlives a pause says nothing more when its run comes to rest.
  const settling = (run: RunId) =>
    FiberMap.run(waits, run, Effect.andThen(Effect.ignore(engine.settled(run), { log: true }), onChange), {
      onlyIfMissing: true
    })
  return Effect.gen(function*() {
    yield* Effect.forEach(yield* engine.atWork, settling, { discard: true })
    yield* onChange
  })
})

export const makeRunTracker = Effect.fnUntraced(function*({ onChange, onEnd }: Hearing) {
  const engine = yield* RunEngine
  const notifications = yield* Notifications
  const queued = yield* makeQueued(onEnd)
  const changed = yield* makeChanged(onChange)
  const commanded = new Set<{ readonly run: RunId }>()

  const deliveries = yield* notifications.subscribe("workflow")
  yield* changed
  yield* deliveries.pipe(
    Stream.runForEach((delivery) => {
      const about = delivery._tag === "Items"
        ? new Set(delivery.items.map(({ workflow_id }) => workflow_id))
        : undefined
      const named = [...queued.runs.keys()].filter((run) => about?.has(run) !== false)
      return Effect.andThen(Effect.forEach(named, queued.look, { discard: true }), changed)
    }),
    Effect.forkScoped
  )

  const tracker: RunTracker = {
    active: Effect.map(engine.atWork, (atWork) => {
      const begun = Array.from(queued.runs).filter(([, works]) => works).map(([run]) => run)
      return new Set([...atWork, ...begun, ...Array.from(commanded, ({ run }) => run)]).size
    }),
    begin: (run) => queued.runs.set(run, true),
    discount: (run) => Effect.andThen(Effect.sync(() => queued.runs.has(run) && queued.runs.set(run, false)), onChange),
    forget: (run) => queued.runs.delete(run),
    look: queued.look,
    during: (run, command) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const one = { run }
          commanded.add(one)
          return one
        }),
        () => command,
        (one) => Effect.andThen(Effect.sync(() => commanded.delete(one)), changed)
      )
  }
  return tracker
})
