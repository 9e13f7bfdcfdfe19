/** Steps that are done once, as a plugin remembers them (plugin protocol, durable_store). Hosted, not driven. */
import { Schema } from "effect"
import { Json, maybe, open, rows } from "./Json.ts"

const StepError = open({
  code: Schema.Union([Schema.String, Schema.Int]),
  message: Schema.String,
  details: maybe(Json)
})
const Phase = { run_id: Schema.String, phase_id: Schema.String }
const Acknowledged = open({ ack: Schema.Boolean })
const Outcome = Schema.Literals(["success", "error"])

export const DurableStep = open({
  step_id: Schema.String,
  step_name: Schema.String,
  idempotency_key: Schema.String,
  committed_at: maybe(Schema.String),
  outcome: maybe(Outcome),
  output: maybe(Json),
  error: maybe(StepError)
})
export type DurableStep = typeof DurableStep.Type

/** The methods of the kind, each with what it takes and answers; a `prior_error` is final for its key. */
export const DurableStoreMethods = {
  "durable/begin_workflow_run": {
    params: Schema.Struct({ ...Phase, inputs: maybe(Json) }),
    result: open({ epoch: Schema.Natural })
  },
  "durable/begin_step": {
    params: Schema.Struct({
      ...Phase,
      step_name: Schema.String,
      idempotency_key: Schema.String,
      payload: maybe(Json),
      reservation_ttl_secs: maybe(Schema.Natural)
    }),
    result: open({
      step_id: Schema.String,
      status: Schema.Literals(["new", "in_progress", "already_committed", "prior_error"]),
      prior_output: maybe(Json),
      prior_error: maybe(StepError),
      reservation_expires_at: maybe(Schema.String)
    })
  },
  "durable/commit_step": {
    params: Schema.Struct({
      step_id: Schema.String,
      outcome: Outcome,
      output: maybe(Json),
      error: maybe(StepError)
    }),
    result: Acknowledged
  },
  "durable/abandon_step": {
    params: Schema.Struct({ step_id: Schema.String, reason: maybe(Schema.String) }),
    result: Acknowledged
  },
  "durable/recover_in_flight": {
    params: Schema.Struct({ since_epoch: Schema.Natural }),
    result: open({
      in_flight: rows(
        open({ ...Phase, last_committed_step: maybe(Schema.String), replay_state: maybe(Json) })
      )
    })
  },
  "durable/query_run": {
    params: Schema.Struct(Phase),
    result: open({
      ...Phase,
      status: Schema.Literals(["pending", "success", "error", "cancelled"]),
      steps: rows(DurableStep)
    })
  }
} as const

/** `kind_capabilities.durable_store.extra` (plugin protocol, durable_store). */
export const DurableStoreCapabilities = open({
  default_reservation_ttl_secs: Schema.Natural,
  max_payload_bytes: Schema.Natural,
  supports_recovery: Schema.Boolean
})
export type DurableStoreCapabilities = typeof DurableStoreCapabilities.Type
