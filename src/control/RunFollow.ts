/**
 * The events of one run from a cursor on: what its journal has, then `synced`, then what happens, each exactly once and in
 * order. What is published is only looked at after the subscription stands, and whatever of it was lost is read again.
 */
import { DateTime, Effect, Stream } from "effect"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { Delivery, Notifications } from "../notify/Notifications.ts"
import { replay, take } from "../run/CatchUp.ts"
import { type Cursor, parseCursor, textOf } from "../run/Cursor.ts"
import { isFinished } from "../session/RunHead.ts"
import type { SessionStore } from "../session/SessionStore.ts"
import { answer, invalid, runIdOf } from "./ControlFailure.ts"

interface Sources {
  readonly notifications: Notifications["Service"]
  readonly store: SessionStore["Service"]
}

const readAfter = Effect.fnUntraced(function*({ store }: Sources, run: RunId, after: Cursor) {
  const entries = yield* store.read(run)
  const sequence = entries.length
  if (after.sequence > sequence) {
    return yield* invalid(
      `run ${run} has ${sequence} entries, so there is no cursor ${textOf(after)} of it. ` +
        `All of them: animus workflow events ${run}`
    )
  }
  const { events, state } = replay(run, entries, after)
  return { events, sequence, ended: state !== undefined && isFinished(state.head.status) }
})

const synced = Effect.fnUntraced(function*(run: RunId, sequence: number) {
  const occurred_at = DateTime.formatIso(yield* DateTime.now)
  const event: WorkflowEvent = {
    workflow_id: run,
    kind: "synced",
    payload: { sequence },
    occurred_at,
    sequence,
    cursor: textOf({ sequence })
  }
  return event
})

/** Ends with the journal when the run has ended; otherwise never by itself. */
export const followRun = Effect.fnUntraced(function*(sources: Sources, id: string, after: string) {
  const cursor = parseCursor(after)
  if (cursor === undefined) {
    return yield* answer(invalid(`"${after}" is no cursor: take it from an event of the run, or 0 for all of them`))
  }
  const deliveries = yield* sources.notifications.subscribe("workflow")
  const run = yield* answer(runIdOf(id))
  const past = yield* answer(readAfter(sources, run, cursor))
  let had = past.sequence
  const coming = Effect.fnUntraced(function*(delivery: Delivery<WorkflowEvent>) {
    const published = delivery._tag === "Items" ? delivery.items.filter(({ workflow_id }) => workflow_id === run) : []
    const taken = delivery._tag === "Lagged" ? undefined : take(had, published)
    if (taken?._tag === "Events") {
      had = taken.sequence
      return taken.events
    }
    const missed = yield* answer(readAfter(sources, run, { sequence: had }))
    had = missed.sequence
    return missed.events
  })
  const told = Stream.fromIterable([...past.events, yield* synced(run, had)])
  return past.ended
    ? told
    : Stream.concat(told, deliveries.pipe(Stream.mapEffect(coming), Stream.flattenIterable))
})
