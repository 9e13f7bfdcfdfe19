/**
 * Which runs are at work now. A run that waits for somebody holds no capacity; one that has ended is told to `onEnd`, once
 * it is certain, and forgotten. Any word about a run is a reason to look at it; lost words are a reason to look at them all.
 */
import { Cause, Effect, Semaphore, Stream } from "effect"
import type { RunId } from "../../schemas/Ids.ts"
import { Notifications } from "../notify/Notifications.ts"
import { RunEngine } from "../run/RunEngine.ts"
import { isFinished } from "../session/RunHead.ts"

export interface RunTracker {
  readonly active: () => number
  /** Counts as at work from now on, until it is looked at. */
  readonly begin: (run: RunId) => void
  readonly forget: (run: RunId) => void
  readonly look: (run: RunId) => Effect.Effect<void>
}

/** `onChange` is told whenever capacity may have become free. */
export const makeRunTracker = Effect.fnUntraced(function*(options: {
  readonly onEnd: (run: RunId) => Effect.Effect<void>
  readonly onChange: Effect.Effect<unknown>
}) {
  const engine = yield* RunEngine
  const notifications = yield* Notifications
  const turn = yield* Semaphore.make(1)
  const working = new Map<RunId, boolean>()

  /** Its journal says that it runs, and nothing drives it. */
  const isStopped = (run: RunId) =>
    Effect.map(engine.troubles, (troubles) => troubles.some((one) => one.run === run && !one.waits))

  const look = (run: RunId) =>
    Effect.gen(function*() {
      const { status } = (yield* engine.get(run)).head
      if (isFinished(status)) {
        yield* options.onEnd(run)
        working.delete(run)
      } else working.set(run, status === "running" && !(yield* isStopped(run)))
      yield* options.onChange
    }).pipe(
      Effect.catchTag("RunNotFound", () => Effect.andThen(Effect.sync(() => working.delete(run)), options.onChange)),
      // What this daemon performs it has in memory: a run that has to be read, and cannot be, is not at work here.
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.logError(`run ${run} cannot be looked at, and holds no capacity`, cause).pipe(
            Effect.andThen(Effect.sync(() => working.set(run, false))),
            Effect.andThen(options.onChange)
          )
      ),
      // One after the other: what was read first must not be remembered last.
      turn.withPermit
    )

  const deliveries = yield* notifications.subscribe("workflow")
  yield* deliveries.pipe(
    Stream.runForEach((delivery) => {
      const about = delivery._tag === "Items"
        ? new Set(delivery.items.map(({ workflow_id }) => workflow_id))
        : undefined
      return Effect.forEach([...working.keys()].filter((run) => about?.has(run) !== false), look, { discard: true })
    }),
    Effect.forkScoped
  )

  const tracker: RunTracker = {
    active: () => [...working.values()].filter(Boolean).length,
    begin: (run) => working.set(run, true),
    forget: (run) => working.delete(run),
    look
  }
  return tracker
})
