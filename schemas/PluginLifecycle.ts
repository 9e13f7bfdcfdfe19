/** The handshake and the methods every plugin shares (plugin protocol, lifecycle and shared methods). */
import { Schema } from "effect"
import { Json, JsonObject, JsonOrNull, maybe, open, orElse } from "./Json.ts"
import { RequestId } from "./JsonRpc.ts"

/** Which project a process is bound to for its whole life (plugin protocol, initialize extensions). */
export const ProjectBinding = Schema.Struct({
  project_root: Schema.String,
  repo_scope: maybe(Schema.String)
})
export type ProjectBinding = typeof ProjectBinding.Type

/** What the host can take part in (plugin protocol, initialize params). */
export const HostCapabilities = Schema.Struct({
  streaming: orElse(Schema.Boolean, false),
  progress: orElse(Schema.Boolean, false),
  cancellation: orElse(Schema.Boolean, false)
})
export type HostCapabilities = typeof HostCapabilities.Type

/** Params of `initialize` (plugin protocol, initialize params). */
export const InitializeParams = open({
  protocol_version: Schema.String,
  host_info: Schema.Struct({ name: Schema.String, version: Schema.String }),
  capabilities: HostCapabilities,
  init_extensions: maybe(JsonObject)
})
export type InitializeParams = typeof InitializeParams.Type

/** A tool the plugin offers to agents (plugin protocol, plugin capabilities). */
export const McpTool = open({
  name: Schema.String,
  description: maybe(Schema.String),
  input_schema: maybe(Json)
})
export type McpTool = typeof McpTool.Type

/** What the running plugin can do (plugin protocol, plugin capabilities). */
export const PluginCapabilities = open({
  methods: orElse(Schema.Array(Schema.String), []),
  streaming: orElse(Schema.Boolean, false),
  progress: orElse(Schema.Boolean, false),
  cancellation: orElse(Schema.Boolean, false),
  projections: maybe(Schema.Array(Schema.String)),
  subject_kinds: maybe(Schema.Array(Schema.String)),
  mcp_tools: maybe(Schema.Array(McpTool))
})
export type PluginCapabilities = typeof PluginCapabilities.Type

/** Who answered the handshake (plugin protocol, initialize result). */
export const PluginIdentity = open({
  name: Schema.String,
  version: Schema.String,
  plugin_kind: Schema.String,
  plugin_kinds: maybe(Schema.Array(Schema.String)),
  description: maybe(Schema.String)
})
export type PluginIdentity = typeof PluginIdentity.Type

/** What one kind of a plugin adds (plugin protocol, initialize result). */
export const KindCapabilities = open({ crate_version: Schema.String, extra: maybe(Json) })
export type KindCapabilities = typeof KindCapabilities.Type

/** Result of `initialize` (plugin protocol, initialize result). */
export const InitializeResult = open({
  protocol_version: Schema.String,
  plugin_info: PluginIdentity,
  capabilities: PluginCapabilities,
  kind_capabilities: maybe(Schema.Record(Schema.String, KindCapabilities))
})
export type InitializeResult = typeof InitializeResult.Type

/** Params of the `$/cancelRequest` notification (plugin protocol, cancellation). */
export const CancelRequestParams = Schema.Struct({ id: RequestId })
export type CancelRequestParams = typeof CancelRequestParams.Type

/** Params of the `$/progress` notification (plugin protocol, shared methods). */
export const ProgressParams = Schema.Struct({ id: RequestId, value: JsonOrNull })
export type ProgressParams = typeof ProgressParams.Type

/** Params of `mcp/tool_call` (plugin protocol, shared methods). */
export const McpToolCallParams = Schema.Struct({ name: Schema.String, arguments: JsonOrNull })
export type McpToolCallParams = typeof McpToolCallParams.Type
