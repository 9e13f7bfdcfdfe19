/** Events from outside that start work (plugin protocol, triggers). */
import { Schema } from "effect"
import { Json, JsonOrNull, maybe, open, orElse } from "./Json.ts"
import { ErrorObject } from "./JsonRpc.ts"

/** One enabled trigger of the project; the plugin picks its own (plugin protocol, triggers). */
export const TriggerConfig = open({ id: Schema.String, workflow_ref: maybe(Schema.String), config: JsonOrNull })
export type TriggerConfig = typeof TriggerConfig.Type

/** Params of `trigger/watch`; `cursor` is the plugin's own, given back to resume (plugin protocol, triggers). */
export const TriggerWatchParams = Schema.Struct({
  cursor: maybe(Json),
  config: maybe(Schema.Struct({ triggers: Schema.Array(TriggerConfig) }))
})
export type TriggerWatchParams = typeof TriggerWatchParams.Type

/** Params of `trigger/event`, flat; `action_hint` is open (plugin protocol, triggers). */
export const TriggerEvent = open({
  event_id: Schema.String,
  trigger_id: maybe(Schema.String),
  subject_id: maybe(Schema.String),
  subject_kind: maybe(Schema.String),
  action_hint: maybe(Schema.String),
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

/** Result of `trigger/schema` (plugin protocol, triggers). */
export const TriggerSchema = open({
  kinds: orElse(Schema.Array(Schema.String), []),
  supports_resume: orElse(Schema.Boolean, false),
  supports_dedup: orElse(Schema.Boolean, false),
  supports_ack: orElse(Schema.Boolean, false)
})
export type TriggerSchema = typeof TriggerSchema.Type
