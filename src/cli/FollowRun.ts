/**
 * The events of a run from a cursor on, each once: a connection that is lost, or a daemon that ends, is waited out, and the
 * next daemon is asked for what comes after the last event that was shown.
 */
import { Console, Effect, Schedule, Stream } from "effect"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { isEnd } from "../run/WorkflowEvents.ts"
import { element } from "./Output.ts"
import { eventLine } from "./render/EventText.ts"

const PAUSE = "500 millis"
/** How often in a row a daemon may not be there: ten minutes. */
const PATIENCE = 1200

/** The stream came to its end, and the run did not: the daemon has closed it. */
class Parted {
  readonly _tag = "Parted"
  readonly message = "the daemon has ended"
}

interface Follow {
  readonly id: string
  readonly after: string
  readonly follow: boolean
}

/** What has been shown, for the next connection to go on from. */
class Place {
  cursor: string
  isSynced = false
  hasEnded = false
  misses = 0

  constructor(cursor: string) {
    this.cursor = cursor
  }

  reach(event: WorkflowEvent): void {
    this.misses = 0
    if (event.cursor !== undefined) this.cursor = event.cursor
    if (event.kind === "synced") this.isSynced = true
    else this.hasEnded = isEnd(event)
  }
}

const connect = Effect.fnUntraced(function*(id: string, follow: boolean, place: Place) {
  const control = yield* ControlClient
  yield* control["workflow/events"]({ workflow_id: id, after: place.cursor }).pipe(
    Stream.filter((event): event is WorkflowEvent => !("watching" in event)),
    Stream.tap((event) => element(event, eventLine(event))),
    Stream.tap((event) => Effect.sync(() => place.reach(event))),
    Stream.takeUntil(({ kind }) => !follow && kind === "synced"),
    Stream.runDrain
  )
  if (follow && !place.hasEnded) return yield* Effect.fail(new Parted())
})

const isAway = (error: { readonly _tag: string; readonly category?: string }) =>
  error._tag === "Parted" || error._tag === "DaemonNotRunning" || error.category === "unavailable"

export const followRun = Effect.fnUntraced(function*({ after, follow, id }: Follow) {
  const place = new Place(after)
  const wait = (error: Parameters<typeof isAway>[0]) =>
    follow && place.isSynced && isAway(error) && place.misses++ < PATIENCE
  yield* connect(id, follow, place).pipe(
    Effect.tapError(({ message }) =>
      follow && place.isSynced && place.misses === 0
        ? Console.error(`waiting for the daemon, to go on after ${place.cursor}: ${message}`)
        : Effect.void
    ),
    Effect.retry({ while: wait, schedule: Schedule.spaced(PAUSE) })
  )
})
