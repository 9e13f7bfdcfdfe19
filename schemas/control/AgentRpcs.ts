/** `agent/*`: one agent, no workflow around it (control protocol, agent methods); `watch` is ours. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { maybe, orElse } from "../Json.ts"
import { AgentHeard, AgentLaunch } from "../PhaseLaunch.ts"
import { InteractionResponse } from "../RunEvent.ts"
import { Cancelled } from "./Cancelled.ts"
import { ControlError } from "./ControlError.ts"
import { watch } from "./Watch.ts"

/** What the run cost (control protocol, agent methods). */
export const AgentUsage = Schema.Struct({
  prompt_tokens: Schema.Natural,
  completion_tokens: Schema.Natural,
  cost_micro_usd: maybe(Schema.Natural)
})
export type AgentUsage = typeof AgentUsage.Type

/** A finished run (control protocol, agent methods). */
export const AgentOutcome = Schema.Struct({
  session_id: Schema.String,
  model: Schema.String,
  output: Schema.String,
  usage: maybe(AgentUsage)
})
export type AgentOutcome = typeof AgentOutcome.Type

/** A session, live or ended (control protocol, agent methods). */
export const AgentStatus = Schema.Struct({
  session_id: Schema.String,
  status: Schema.Literals(["running", "completed", "failed", "cancelled"]),
  provider: Schema.String,
  model: Schema.String,
  started_at: Schema.String,
  finished_at: maybe(Schema.String),
  last_error: maybe(Schema.String)
})
export type AgentStatus = typeof AgentStatus.Type

/** What a run's agents and commands say, as they say it; ours. A watcher that lags misses the oldest; the transcript in the run's folder has all of it. */
export const AgentOutput = Schema.Struct({
  workflow_id: Schema.String,
  phase_id: Schema.String,
  attempt: Schema.Int,
  session_id: Schema.String,
  kind: Schema.String,
  text: Schema.String
})
export type AgentOutput = typeof AgentOutput.Type

/**
 * The kind that closes what was said before an event that settles its run, which `text` names by its time. Events and output
 * travel apart: who follows both has heard everything once it has both.
 */
export const SETTLED = "settled"

export class AgentRpcs extends RpcGroup.make(
  Rpc.make("agent/run", {
    payload: {
      provider: Schema.String,
      model: Schema.String,
      prompt: Schema.String,
      system: maybe(Schema.String),
      cwd: maybe(Schema.String),
      env: orElse(Schema.Record(Schema.String, Schema.String), {})
    },
    success: AgentOutcome,
    error: ControlError
  }),
  /** `agent/run` for a runner of this daemon, which was asked for exactly this session: with everything that it says. */
  watch("agent/launch", {
    payload: AgentLaunch.fields,
    notification: "agent/heard",
    element: AgentHeard
  }),
  Rpc.make("agent/status", { payload: { id: Schema.String }, success: AgentStatus, error: ControlError }),
  Rpc.make("agent/cancel", {
    payload: { session_id: Schema.String },
    success: Cancelled,
    error: ControlError
  }),
  /** The run's journal has the answer before the agent does. Either of both ids says which agent; `accepted`: it took the answer. */
  Rpc.make("agent/respond", {
    payload: {
      workflow_id: maybe(Schema.String),
      session_id: maybe(Schema.String),
      interaction_id: maybe(Schema.String),
      response: InteractionResponse
    },
    success: Schema.Struct({ accepted: Schema.Boolean }),
    error: ControlError
  }),
  watch("agent/watch", {
    payload: { workflow_id: maybe(Schema.String) },
    notification: "agent/output",
    element: AgentOutput
  })
) {}
