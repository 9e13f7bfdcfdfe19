/** Events from outside that start work (plugin protocol, triggers). */
import { Schema } from "effect"
import { Empty, Json, JsonOrNull, maybe, open, orElse } from "./Json.ts"
import { ErrorObject } from "./JsonRpc.ts"

/** A trigger as the project's workflow files define it; events of the first three types come from outside the daemon. */
export const TriggerDefinition = Schema.Struct({
  id: Schema.String,
  type: Schema.Literals(["plugin", "webhook", "github_webhook", "file_watcher"]),
  enabled: Schema.Boolean,
  workflow_ref: Schema.String,
  config: JsonOrNull,
  input: maybe(Json)
})
export type TriggerDefinition = typeof TriggerDefinition.Type

/** One enabled trigger of the project; the plugin picks its own (plugin protocol, triggers). */
export const TriggerConfig = open({ id: Schema.String, workflow_ref: maybe(Schema.String), config: JsonOrNull })
export type TriggerConfig = typeof TriggerConfig.Type

/** Params of `trigger/watch`; `cursor` is the plugin's own, given back to resume (plugin protocol, triggers). */
export const TriggerWatchParams = Schema.Struct({
  cursor: maybe(Json),
  config: maybe(Schema.Struct({ triggers: Schema.Array(TriggerConfig) }))
})
export type TriggerWatchParams = typeof TriggerWatchParams.Type

/** Result of `trigger/watch` (plugin protocol, triggers). */
export const TriggerWatching = open({ watching: Schema.Literal(true) })
export type TriggerWatching = typeof TriggerWatching.Type

/**
 * Params of `trigger/event`, flat; `action_hint` is open (plugin protocol, triggers). A plugin whose place in its source is not
 * the id of its last event says it in `cursor`, and gets it back in the next `trigger/watch`.
 */
export const TriggerEvent = open({
  event_id: Schema.String,
  trigger_id: maybe(Schema.String),
  subject_id: maybe(Schema.String),
  subject_kind: maybe(Schema.String),
  action_hint: maybe(Schema.String),
  cursor: maybe(Json),
  payload: JsonOrNull
})
export type TriggerEvent = typeof TriggerEvent.Type

/** Params of `trigger/event` when the plugin's own stream failed (plugin protocol, triggers). */
export const TriggerStreamFailure = Schema.Struct({ error: ErrorObject })
export type TriggerStreamFailure = typeof TriggerStreamFailure.Type

/** Either of the two things that `trigger/event` carries. */
export const TriggerEventParams = Schema.Union([TriggerStreamFailure, TriggerEvent])
export type TriggerEventParams = typeof TriggerEventParams.Type

/** What became of an event (plugin protocol, triggers). */
export const TriggerAckStatus = Schema.Literals(["dispatched", "queued", "unmatched", "skipped", "failed", "shutdown"])
export type TriggerAckStatus = typeof TriggerAckStatus.Type

/** Params of `trigger/ack`, which is sent as a notification (plugin protocol, triggers). */
export const TriggerAck = Schema.Struct({ event_id: Schema.String, status: maybe(TriggerAckStatus) })
export type TriggerAck = typeof TriggerAck.Type

/** Answer to a `trigger/ack` that came as a request (plugin protocol, triggers). */
export const TriggerAcked = Schema.Struct({ event_id: Schema.String, acked: Schema.Literal(true) })
export type TriggerAcked = typeof TriggerAcked.Type

/** Result of `trigger/schema` (plugin protocol, triggers). */
export const TriggerSchema = open({
  kinds: orElse(Schema.Array(Schema.String), []),
  supports_resume: orElse(Schema.Boolean, false),
  supports_dedup: orElse(Schema.Boolean, false),
  supports_ack: orElse(Schema.Boolean, false)
})
export type TriggerSchema = typeof TriggerSchema.Type

/** The methods of the kind, each with what it takes and answers. */
export const TriggerMethods = {
  "trigger/watch": { params: TriggerWatchParams, result: TriggerWatching },
  "trigger/ack": { params: TriggerAck, result: TriggerAcked },
  "trigger/schema": { params: Empty, result: TriggerSchema }
} as const
