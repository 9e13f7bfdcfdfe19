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
  hold_reason: Schema.optionalKey(Schema.String),
  /** A pending entry whose start failed because something was away is tried again then, by itself. */
  deferred: Schema.optionalKey(Schema.Struct({ until: Schema.String, reason: Schema.String, failures: Schema.Int }))
})
export type QueueEntry = typeof QueueEntry.Type
