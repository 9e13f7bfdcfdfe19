/**
 * Work that waits for capacity. Durable before `enqueue` returns; ordered by priority, then age, unless an operator says
 * otherwise. A lease carries the run id that was minted for it, and a completion by that run id can never strand an entry.
 */
import { Context, type Effect } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { QueueEntryBusy, QueueEntryNotFound, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"

export type QueueError = QueueEntryNotFound | QueueEntryBusy | SessionStoreFailed

export interface QueueStats {
  readonly pending: number
  readonly held: number
  readonly assigned: number
  readonly done: number
  readonly dropped: number
}

export class DispatchQueue extends Context.Service<DispatchQueue, {
  /** The same subject and workflow already pending or assigned: that entry is returned, no second one is made. */
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
  readonly list: Effect.Effect<ReadonlyArray<QueueEntry>>
  readonly hold: (entry: string, reason: string | undefined) => Effect.Effect<void, QueueError>
  readonly release: (entry: string) => Effect.Effect<void, QueueError>
  readonly drop: (entry: string) => Effect.Effect<void, QueueError>
  readonly reorder: (
    entries: ReadonlyArray<string>,
    position: "front" | "back" | { readonly before: string } | { readonly after: string }
  ) => Effect.Effect<void, QueueError>
  /** The next pending entry becomes assigned to `run`; undefined when none is pending. */
  readonly lease: (run: RunId) => Effect.Effect<QueueEntry | undefined, SessionStoreFailed>
  /** The run ended; its entry goes away. No entry for that run is no error. */
  readonly complete: (run: RunId) => Effect.Effect<void, SessionStoreFailed>
  readonly stats: Effect.Effect<QueueStats>
  /** Wakes whoever waits for work. */
  readonly changes: Effect.Effect<void>
}>()("animus/schedule/DispatchQueue") {}
