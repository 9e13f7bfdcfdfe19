/** `daemon/*` (control protocol, daemon methods); `stop`, `pause` and `resume` over the wire are ours. */
import { DateTime, Option, Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { DaemonHealth } from "../Health.ts"
import { Empty, maybe, orElse } from "../Json.ts"
import { LogEntry, LogLevel } from "../Log.ts"
import { ControlError } from "./ControlError.ts"
import { DaemonRunEvent } from "./Events.ts"
import { watch } from "./Watch.ts"

/** Which daemon answers, and where it works (control protocol, daemon methods). */
export const DaemonStatus = Schema.Struct({
  running: Schema.Boolean,
  pid: maybe(Schema.Int),
  uptime_seconds: maybe(Schema.Finite),
  version: maybe(Schema.String),
  project_root: maybe(Schema.String),
  log_path: maybe(Schema.String),
  /** Ours: nothing of the queue is dispatched until somebody resumes it. */
  paused: maybe(Schema.Boolean),
  capabilities: maybe(Schema.Struct({ methods: Schema.Array(Schema.String) }))
})
export type DaemonStatus = typeof DaemonStatus.Type

const Moment = Schema.String.check(Schema.makeFilter((text) => Option.isSome(DateTime.make(text)), {
  expected: "a time such as 2026-01-01T00:00:00Z"
}))

/** An agent at work; `workflow_id` is absent where it has no run around it (control protocol, daemon methods). */
export const DaemonAgent = Schema.Struct({
  session_id: Schema.String,
  provider: Schema.String,
  model: Schema.String,
  workflow_id: maybe(Schema.String),
  phase_id: maybe(Schema.String),
  started_at: Schema.String
})
export type DaemonAgent = typeof DaemonAgent.Type

/** What was counted since the daemon started; the last bucket has no upper end (control protocol, daemon methods). */
export const DaemonMetrics = Schema.Struct({
  counters: Schema.Record(Schema.String, Schema.Natural),
  gauges: Schema.Record(Schema.String, Schema.Finite),
  histograms: Schema.Record(
    Schema.String,
    Schema.Struct({
      count: Schema.Natural,
      sum_seconds: Schema.Finite,
      buckets: Schema.Array(Schema.Struct({ le_seconds: Schema.NullOr(Schema.Finite), count: Schema.Natural }))
    })
  ),
  captured_at: Schema.String,
  uptime_seconds: Schema.Finite
})
export type DaemonMetrics = typeof DaemonMetrics.Type

export class DaemonRpcs extends RpcGroup.make(
  Rpc.make("daemon/status", { payload: {}, success: DaemonStatus, error: ControlError }),
  Rpc.make("daemon/health", { payload: {}, success: DaemonHealth, error: ControlError }),
  /** Who can ask has a daemon that runs. */
  Rpc.make("daemon/start", { payload: {}, success: Empty, error: ControlError }),
  Rpc.make("daemon/agents", {
    payload: {},
    success: Schema.Struct({ agents: Schema.Array(DaemonAgent) }),
    error: ControlError
  }),
  Rpc.make("daemon/metrics", { payload: {}, success: DaemonMetrics, error: ControlError }),
  Rpc.make("daemon/nudge", { payload: {}, success: Empty, error: ControlError }),
  Rpc.make("daemon/stop", { payload: { timeout_seconds: maybe(Schema.Natural) }, success: Empty, error: ControlError }),
  Rpc.make("daemon/pause", { payload: {}, success: Empty, error: ControlError }),
  Rpc.make("daemon/resume", { payload: {}, success: Empty, error: ControlError }),
  watch("daemon/events", {
    payload: { since: maybe(Schema.String) },
    notification: "daemon/event",
    element: DaemonRunEvent
  }),
  watch("daemon/logs", {
    payload: {
      since: maybe(Moment),
      level: maybe(LogLevel),
      plugin: maybe(Schema.String),
      follow: orElse(Schema.Boolean, false)
    },
    notification: "daemon/log",
    element: LogEntry
  })
) {}
