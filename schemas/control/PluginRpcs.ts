/** `plugin/*` (control protocol, plugin methods); `restart` and `orphans` are ours. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { Json, JsonOrNull, maybe, orElse } from "../Json.ts"
import { McpTool } from "../PluginLifecycle.ts"
import { SignatureStatus } from "../PluginLock.ts"
import { PluginVariable } from "../PluginManifest.ts"
import { ControlError } from "./ControlError.ts"

/** A tool that a plugin offers to agents; ours. Under a name that another plugin has it is not offered. */
export const PluginTool = Schema.Struct({ ...McpTool.fields, taken_by: maybe(Schema.String) })
export type PluginTool = typeof PluginTool.Type

/** An installed plugin (control protocol, plugin methods). */
export const PluginInfo = Schema.Struct({
  name: Schema.String,
  version: Schema.String,
  kind: Schema.String,
  /** All that it is, `kind` first. */
  kinds: maybe(Schema.Array(Schema.String)),
  /** Methods and features, as its manifest lists them; absent in lists. */
  capabilities: maybe(Schema.Array(Schema.String)),
  source: maybe(Schema.String),
  signature_verified: orElse(Schema.Boolean, false),
  description: maybe(Schema.String),
  binary_path: maybe(Schema.String),
  /** Whether it would be started now: as installed, changed since, or no longer listed or trusted. */
  lock_state: maybe(Schema.Literals(["intact", "mismatch", "refused"])),
  /** Of its whole tree; absent for what a project brought along. */
  artifact_sha256: maybe(Schema.String),
  installed_from: maybe(Schema.String),
  pinned: maybe(Schema.Boolean),
  signature_status: maybe(SignatureStatus),
  /** What its manifest asks for of the daemon's environment; absent in lists. */
  env_required: maybe(Schema.Array(PluginVariable)),
  /** Its manifest names them when it has some; absent while the plugin has not yet said which. */
  mcp_tools: maybe(Schema.Array(PluginTool))
})
export type PluginInfo = typeof PluginInfo.Type

/** The plugins, and on request why others were skipped (control protocol, plugin methods). */
export const PluginListing = Schema.Struct({
  plugins: Schema.Array(PluginInfo),
  warnings: maybe(Schema.Array(Schema.Struct({ plugin: Schema.String, message: Schema.String })))
})
export type PluginListing = typeof PluginListing.Type

/** Whether a plugin answers, and how fast (control protocol, plugin methods). */
export const PluginPing = Schema.Struct({
  ok: Schema.Boolean,
  latency_ms: maybe(Schema.Finite),
  error: maybe(Schema.String)
})
export type PluginPing = typeof PluginPing.Type

/** What the supervisor knows of a plugin now (control protocol, plugin methods). */
export const PluginLive = Schema.Struct({
  name: Schema.String,
  state: Schema.Literals(["idle", "starting", "running", "backing-off", "disabled", "stopped"]),
  pid: maybe(Schema.Int),
  /** Since the budget of five was last whole. */
  restarts: Schema.Int,
  last_error: maybe(Schema.String),
  started_at: maybe(Schema.String)
})
export type PluginLive = typeof PluginLive.Type

/** A process of this project that nobody looks after: whose it was, and by what it was told. */
export const Orphan = Schema.Struct({
  pid: Schema.Int,
  command: Schema.String,
  plugin: maybe(Schema.String),
  recognised_by: maybe(Schema.String)
})
export type Orphan = typeof Orphan.Type

/** Ours: how long a call may take; two minutes when it is not said, a day at most. */
export const CallSeconds = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 86_400 }))

const name = { name: Schema.String }

export class PluginRpcs extends RpcGroup.make(
  Rpc.make("plugin/list", {
    payload: { include_warnings: orElse(Schema.Boolean, false), kind: maybe(Schema.String) },
    success: PluginListing,
    error: ControlError
  }),
  Rpc.make("plugin/info", { payload: name, success: PluginInfo, error: ControlError }),
  Rpc.make("plugin/ping", { payload: name, success: PluginPing, error: ControlError }),
  Rpc.make("plugin/call", {
    payload: { ...name, method: Schema.String, params: JsonOrNull, timeout_secs: maybe(CallSeconds) },
    success: Json,
    error: ControlError
  }),
  Rpc.make("plugin/status", {
    payload: { name: maybe(Schema.String) },
    success: Schema.Struct({ plugins: Schema.Array(PluginLive) }),
    error: ControlError
  }),
  /** Ours: ends what runs under that name, also of what is not installed any more; `survivors` could not be ended. */
  Rpc.make("plugin/stop", {
    payload: name,
    success: Schema.Struct({ survivors: Schema.Array(Orphan) }),
    error: ControlError
  }),
  Rpc.make("plugin/restart", { payload: name, success: PluginLive, error: ControlError }),
  Rpc.make("plugin/orphans", {
    payload: {},
    success: Schema.Struct({ orphans: Schema.Array(Orphan) }),
    error: ControlError
  })
) {}
