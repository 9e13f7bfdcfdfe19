/** How plugins and the daemon feel (plugin protocol, shared methods; control protocol, daemon methods). */
import { Schema } from "effect"
import { maybe, open } from "./Json.ts"

/** A plugin's own word about itself (plugin protocol, shared methods). */
export const PluginHealthStatus = Schema.Literals(["healthy", "degraded", "unhealthy"])
export type PluginHealthStatus = typeof PluginHealthStatus.Type

/** Result of `health/check`; some plugins write null for what they do not know (plugin protocol, shared methods). */
export const PluginHealth = open({
  status: PluginHealthStatus,
  uptime_ms: maybe(Schema.Finite),
  memory_usage_bytes: maybe(Schema.Finite),
  last_error: maybe(Schema.String)
})
export type PluginHealth = typeof PluginHealth.Type

/** Result of `daemon/health`; one row a plugin (control protocol, daemon methods). */
export const DaemonHealth = Schema.Struct({
  status: Schema.Literals(["healthy", "degraded", "unhealthy", "down"]),
  plugins: maybe(Schema.Array(Schema.Struct({
    name: Schema.String,
    kind: Schema.String,
    status: PluginHealthStatus,
    /** Of its process; one that nobody has needed yet is `idle`, and well as far as anybody knows. */
    state: maybe(Schema.String),
    uptime_ms: maybe(Schema.Finite),
    last_error: maybe(Schema.String)
  }))),
  last_error: maybe(Schema.String)
})
export type DaemonHealth = typeof DaemonHealth.Type
