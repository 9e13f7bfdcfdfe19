/** What the daemon's streams carry (control protocol, event payloads). */
import { Schema } from "effect"
import { JsonOrNull, maybe, open } from "../Json.ts"

/** The kinds this version emits or knows; `kind` is open, clients ignore what they do not know. */
export const knownWorkflowEventKinds = [
  "workflow_started",
  "phase_started",
  "phase_completed",
  "phase_failed",
  "phase_skipped",
  "decision_needed",
  "gate_decided",
  "budget_exceeded",
  "recovery_decided",
  "interaction_requested",
  "interaction_answered",
  "interaction_withdrawn",
  "workflow_paused",
  "workflow_resumed",
  "workflow_retried",
  "cancel_requested",
  "workflow_completed",
  "workflow_failed",
  "workflow_cancelled",
  "synced",
  "config_reloaded",
  "config_reload_failed"
] as const
export type KnownWorkflowEventKind = (typeof knownWorkflowEventKinds)[number]

/** Of these kinds is the last event of a run for now: it has ended, or waits for somebody. */
export const settlingEventKinds: ReadonlySet<string> = new Set<KnownWorkflowEventKind>([
  "decision_needed",
  "interaction_requested",
  "workflow_paused",
  "workflow_completed",
  "workflow_failed",
  "workflow_cancelled"
])

/**
 * Payload of `workflow/event` (control protocol, workflow events). Ours: `sequence` is the journal entry it tells, and
 * `cursor` what to ask for to have what comes after it. What no journal has carries neither.
 */
export const WorkflowEvent = open({
  workflow_id: Schema.String,
  kind: Schema.String,
  payload: JsonOrNull,
  occurred_at: Schema.String,
  sequence: maybe(Schema.Int),
  cursor: maybe(Schema.String)
})
export type WorkflowEvent = typeof WorkflowEvent.Type

/** Payload of `daemon/event`; `kind` is open, kebab-case by custom (control protocol, daemon run events). */
export const DaemonRunEvent = open({
  id: Schema.String,
  occurred_at: Schema.String,
  kind: Schema.String,
  payload: JsonOrNull
})
export type DaemonRunEvent = typeof DaemonRunEvent.Type
