/** A run as an operator reads it: the `detail` of `workflow/get`. Ours; the reference leaves its shape open. */
import { Schema } from "effect"
import { maybe, orElse } from "../Json.ts"
import { RunStatus } from "../RunEvent.ts"

const orNull = Schema.NullOr

/** One phase and its last attempt; times are RFC 3339 UTC. */
export const PhaseRow = Schema.Struct({
  phase: Schema.String,
  mode: Schema.String,
  status: Schema.String,
  attempts: Schema.Int,
  verdict: orNull(Schema.String),
  reason: orNull(Schema.String),
  confidence: orNull(Schema.Finite),
  risk: orNull(Schema.String),
  duration_ms: orNull(Schema.Int),
  started_at: orNull(Schema.String),
  finished_at: orNull(Schema.String),
  error: orNull(Schema.String),
  /** `resumed`, `re-run` or `blocked`: what was decided when it had been cut off, and why; absent where it never was. */
  recovery: maybe(Schema.Struct({ outcome: Schema.String, reason: Schema.String }))
})
export type PhaseRow = typeof PhaseRow.Type

/**
 * `state` is finer than the wire's status: waiting, sleeping, blocked and escalated are all paused there. `waits_for` says in
 * words what has to happen before it goes on, absent where nothing has to; `next` is a command to type.
 */
export const RunDetail = Schema.Struct({
  run: Schema.String,
  workflow: Schema.String,
  state: RunStatus,
  reason: orNull(Schema.String),
  waits_for: maybe(Schema.String),
  next: Schema.String,
  subject: Schema.Struct({ id: Schema.String, title: orNull(Schema.String) }),
  phase: orNull(Schema.String),
  attempt: orNull(Schema.Int),
  phases: Schema.Array(PhaseRow),
  reworks: Schema.Record(Schema.String, Schema.Int),
  gate: orNull(Schema.Struct({ phase: Schema.String, instructions: Schema.String, note_required: Schema.Boolean })),
  /** What its agent asks, and nobody has answered; oldest first. */
  questions: orElse(
    Schema.Array(Schema.Struct({
      interaction: Schema.String,
      session: Schema.String,
      phase: Schema.String,
      kind: Schema.String,
      summary: Schema.String,
      expires_at: maybe(Schema.String)
    })),
    []
  ),
  /** The plugin that executes the run as a whole. */
  runner: maybe(Schema.String),
  recovery: Schema.Array(Schema.Struct({
    phase: Schema.String,
    attempt: Schema.Int,
    action: Schema.String,
    reason: Schema.String,
    at: Schema.String
  })),
  definition_hash: Schema.String,
  /** The folder of the run's files; null for stores that keep none. */
  location: orNull(Schema.String)
})
export type RunDetail = typeof RunDetail.Type
