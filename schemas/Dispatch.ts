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
  /** When it goes on by itself; an entry that is held without it waits for an operator. */
  held_until: Schema.optionalKey(Schema.String),
  /** Starts in a row that failed because something was away. */
  failed_starts: Schema.optionalKey(Schema.Int)
})
export type QueueEntry = typeof QueueEntry.Type
