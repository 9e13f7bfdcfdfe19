/** Work that starts by the clock: what is written, and what is remembered of it. */
import { Schema } from "effect"
import { Json, maybe, orElse } from "./Json.ts"

export const ScheduleDefinition = Schema.Struct({
  id: Schema.String,
  /** Five fields or a name such as `@daily`, in UTC. */
  cron: Schema.String,
  workflow_ref: Schema.String,
  enabled: Schema.Boolean,
  input: maybe(Json)
})
export type ScheduleDefinition = typeof ScheduleDefinition.Type

/** `dispatching` is written before the queue is: found after a crash it says that nobody knows, and the queue is asked. */
export const ScheduleStatus = Schema.Literals(["dispatching", "dispatched", "overlapped", "refused", "lost"])
export type ScheduleStatus = typeof ScheduleStatus.Type

/** Minutes are RFC 3339 in UTC, without seconds to speak of. */
export const ScheduleRecord = Schema.Struct({
  /** The minute up to which everything was looked at. */
  seen: Schema.optionalKey(Schema.String),
  /** The minute of the last dispatch, also of one that came to nothing. */
  last_run: Schema.optionalKey(Schema.String),
  last_status: Schema.optionalKey(ScheduleStatus),
  run_count: orElse(Schema.Int, 0),
  /** Minutes that were due and started nothing: no daemon, a queue that refused, work of the last time still going on. */
  missed_count: orElse(Schema.Int, 0)
})
export type ScheduleRecord = typeof ScheduleRecord.Type

export const ScheduleRecords = Schema.Record(Schema.String, ScheduleRecord)
export type ScheduleRecords = typeof ScheduleRecords.Type
