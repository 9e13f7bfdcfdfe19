/** What a plugin says about itself: the JSON that `--manifest` prints (plugin protocol, manifest and kinds). */
import { Schema } from "effect"
import { maybe, open, orElse } from "./Json.ts"

/** The kinds this version knows. A kind is an open string: others are carried through, never refused. */
export const knownPluginKinds = [
  "provider",
  "subject_backend",
  "task_backend",
  "trigger_backend",
  "log_storage_backend",
  "transport_backend",
  "web_ui",
  "custom",
  "workflow_runner",
  "queue",
  "durable_store",
  "memory_store",
  "notifier",
  "conversation_store",
  "config_source",
  "workflow_journal",
  "environment",
  "agent_runner"
] as const
/** Those whose process is bound to one project, and refuses to start without (plugin protocol, initialize extensions). */
export const projectBoundKinds: ReadonlySet<string> = new Set([
  "workflow_runner",
  "queue",
  "durable_store",
  "memory_store"
])

export type KnownPluginKind = (typeof knownPluginKinds)[number]

/** One environment variable the plugin asks to be given (plugin protocol, manifest). */
export const EnvRequirement = open({
  name: Schema.String,
  description: maybe(Schema.String),
  sensitive: orElse(Schema.Boolean, false),
  required: orElse(Schema.Boolean, false)
})
export type EnvRequirement = typeof EnvRequirement.Type

/** The same for people: also whether the variable is set where that was asked. */
export const PluginVariable = open({ ...EnvRequirement.fields, set: Schema.Boolean })
export type PluginVariable = typeof PluginVariable.Type

/** The manifest; `capabilities` lists methods and feature tokens alike (plugin protocol, manifest). */
export const PluginManifest = open({
  name: Schema.String,
  version: Schema.String,
  plugin_kind: Schema.String,
  plugin_kinds: maybe(Schema.Array(Schema.String)),
  description: Schema.String,
  protocol_version: Schema.String,
  capabilities: orElse(Schema.Array(Schema.String), []),
  env_required: maybe(Schema.Array(EnvRequirement)),
  notification_buffer_size: maybe(Schema.Natural),
  supports_mcp: maybe(Schema.Boolean)
})
export type PluginManifest = typeof PluginManifest.Type

const tokensOf = ({ capabilities }: Pick<PluginManifest, "capabilities">, prefix: string): ReadonlyArray<string> =>
  capabilities.filter((token) => token.startsWith(prefix)).map((token) => token.slice(prefix.length))

/** The subject kinds a manifest claims, in its order: routing reads them here, not from `initialize`. */
export const subjectKindsOf = (manifest: Pick<PluginManifest, "capabilities">): ReadonlyArray<string> =>
  tokensOf(manifest, "subject_kind:")

/** The tools that a provider's manifest claims, as it spells them. */
export const providerToolsOf = (manifest: Pick<PluginManifest, "capabilities">): ReadonlyArray<string> =>
  tokensOf(manifest, "provider_tool:")

/** Every kind it serves, the first one first. */
export const kindsOf = ({ plugin_kind, plugin_kinds }: Pick<PluginManifest, "plugin_kind" | "plugin_kinds">) => [
  ...new Set([plugin_kind, ...plugin_kinds ?? []])
]
