/** What the daemon tells notifiers, and what they answer (plugin protocol, notifier). */
import { Schema } from "effect"
import { Empty, JsonOrNull, listOf, maybe, open, orElse } from "./Json.ts"

/** One thing that happened; `seq` counts within one daemon (plugin protocol, notifier). */
export const DaemonEventRecord = open({
  schema: orElse(Schema.String, "animus.daemon-event.v1"),
  id: Schema.String,
  seq: orElse(Schema.Natural, 0),
  timestamp: Schema.String,
  event_type: Schema.String,
  project_root: maybe(Schema.String),
  data: JsonOrNull
})
export type DaemonEventRecord = typeof DaemonEventRecord.Type

/** What a notifier has to say of its own deliveries (plugin protocol, notifier). */
export const NotifierEvent = open({ event_type: Schema.String, project_root: maybe(Schema.String), data: JsonOrNull })
export type NotifierEvent = typeof NotifierEvent.Type

export const NotifyParams = Schema.Struct({ event: DaemonEventRecord })
export type NotifyParams = typeof NotifyParams.Type

export const NotifyResult = open({
  accepted: Schema.Boolean,
  delivered: orElse(Schema.Natural, 0),
  lifecycle_events: listOf(NotifierEvent)
})
export type NotifyResult = typeof NotifyResult.Type

export const FlushParams = Schema.Struct({ project_root: maybe(Schema.String) })
export const FlushResult = open({ lifecycle_events: listOf(NotifierEvent) })
export type FlushResult = typeof FlushResult.Type

export const NotifierSchema = open({
  connector_kinds: orElse(Schema.Array(Schema.String), []),
  supports_flush: orElse(Schema.Boolean, false)
})
export type NotifierSchema = typeof NotifierSchema.Type

/** The methods of the kind, each with what it takes and answers. */
export const NotifierMethods = {
  "notifier/notify": { params: NotifyParams, result: NotifyResult },
  "notifier/flush": { params: FlushParams, result: FlushResult },
  "notifier/schema": { params: Empty, result: NotifierSchema }
} as const
