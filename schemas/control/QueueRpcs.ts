/** `queue/*` in the control protocol's own words, which are not the queue plugin's (control protocol, queue methods); `trigger/fire` is ours. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { RunId } from "../Ids.ts"
import { Empty, JsonObject, JsonOrNull, listOf, maybe, orElse } from "../Json.ts"
import { Priority } from "../Subject.ts"
import { ControlError } from "./ControlError.ts"

/** Where a queue entry stands (control protocol, queue methods). */
export const QueueItemStatus = Schema.Literals(["ready", "held", "in-flight", "done", "dropped"])
export type QueueItemStatus = typeof QueueItemStatus.Type

/** A queue entry as it travels (control protocol, queue methods). */
export const QueueItem = Schema.Struct({
  id: Schema.String,
  subject_id: Schema.String,
  status: QueueItemStatus,
  priority: Priority,
  enqueued_at: Schema.String,
  hold_reason: maybe(Schema.String),
  /** Ours: when a ready entry is tried again whose start failed because something was away, and what that was. */
  not_before: maybe(Schema.String),
  deferred_because: maybe(Schema.String),
  /** Ours: the run of an entry in flight, and since when it is being started if that takes long. */
  workflow_id: maybe(RunId),
  starting_since: maybe(Schema.String)
})
export type QueueItem = typeof QueueItem.Type

/** A page of entries (control protocol, queue methods). */
export const QueuePage = Schema.Struct({ entries: Schema.Array(QueueItem), next_cursor: maybe(Schema.String) })
export type QueuePage = typeof QueuePage.Type

/** How many entries stand where (control protocol, queue methods). */
export const QueueStats = Schema.Struct({
  ready: Schema.Natural,
  held: Schema.Natural,
  in_flight: Schema.Natural,
  done_recent: Schema.Natural,
  dropped_recent: Schema.Natural
})
export type QueueStats = typeof QueueStats.Type

const id = { id: Schema.String }

export class QueueRpcs extends RpcGroup.make(
  Rpc.make("queue/list", {
    payload: { status: maybe(QueueItemStatus), cursor: maybe(Schema.String), limit: maybe(Schema.Natural) },
    success: QueuePage,
    error: ControlError
  }),
  Rpc.make("queue/enqueue", {
    /** `definition` and `params` are ours: what `workflow/run` takes, for work that may wait. */
    payload: {
      task_id: Schema.String,
      priority: orElse(Priority, 2),
      definition: maybe(Schema.String),
      params: maybe(JsonObject)
    },
    success: QueueItem,
    error: ControlError
  }),
  Rpc.make("queue/drop", { payload: id, success: Empty, error: ControlError }),
  Rpc.make("queue/hold", { payload: { ...id, reason: maybe(Schema.String) }, success: Empty, error: ControlError }),
  Rpc.make("queue/release", { payload: id, success: Empty, error: ControlError }),
  Rpc.make("queue/reorder", {
    payload: {
      id: maybe(Schema.String),
      subject_ids: listOf(Schema.String),
      anchor_id: maybe(Schema.String),
      position: Schema.Literals(["front", "back", "before", "after"])
    },
    success: Empty,
    error: ControlError
  }),
  Rpc.make("queue/stats", { payload: {}, success: QueueStats, error: ControlError }),
  /** Ours: what an event of this trigger with this payload would queue, by an operator's word. */
  Rpc.make("trigger/fire", {
    payload: { ...id, payload: JsonOrNull },
    success: QueueItem,
    error: ControlError
  })
) {}
