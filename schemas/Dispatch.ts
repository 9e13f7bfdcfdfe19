/** A piece of work on its way to a run: one envelope for operators, schedules, triggers and ready subjects. */
import { Schema } from "effect"
import { RunId } from "./Ids.ts"
import { SubjectDispatch } from "./Subject.ts"

/** `run` is minted before the lease, so entry, run and journal share one id. */
export const QueueEntry = Schema.Struct({
  id: Schema.String,
  dispatch: SubjectDispatch,
  /** 0 (none) to 4 (critical). */
  priority: Schema.Int,
  state: Schema.Literals(["pending", "assigned", "held"]),
  enqueued_at: Schema.String,
  run: Schema.optionalKey(RunId),
  hold_reason: Schema.optionalKey(Schema.String)
})
export type QueueEntry = typeof QueueEntry.Type

const entry = { entry: Schema.String }

/** What happens to a queue; the queue is the fold of these. Kinds are only ever added. */
export const QueueEvent = Schema.Union([
  Schema.TaggedStruct("Enqueued", { entry: QueueEntry }),
  Schema.TaggedStruct("Held", { ...entry, reason: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Released", entry),
  Schema.TaggedStruct("Dropped", entry),
  Schema.TaggedStruct("Assigned", { ...entry, run: RunId }),
  Schema.TaggedStruct("Completed", { run: RunId }),
  /** The whole order, after an operator changed it. */
  Schema.TaggedStruct("Reordered", { order: Schema.Array(Schema.String) })
])
export type QueueEvent = typeof QueueEvent.Type
