/**
 * What travels between host and plugins, as the protocol writes it down: a whole value with every field, and the fields that
 * must be there. Written from the text of the protocol and not from the schemas, which are judged by it.
 */
import { Schema } from "effect"
import { PluginHealth } from "../../schemas/Health.ts"
import type { JsonObject } from "../../schemas/Json.ts"
import { LogEntry, PluginLogRecord } from "../../schemas/Log.ts"
import {
  InitializeResult,
  McpTool,
  McpToolCallParams,
  PluginCapabilities,
  PluginIdentity
} from "../../schemas/PluginLifecycle.ts"
import { EnvRequirement, PluginManifest } from "../../schemas/PluginManifest.ts"
import { AgentNotificationParams, AgentRespondParams, AgentRunRequest, TokensUsed } from "../../schemas/Provider.ts"
import { StoredQueueEntry } from "../../schemas/QueueStore.ts"
import { Attachment, Subject, SubjectChangedEvent } from "../../schemas/Subject.ts"
import { TriggerEvent } from "../../schemas/Trigger.ts"

export interface Sample {
  readonly schema: Schema.Codec<unknown, unknown>
  readonly whole: JsonObject
  /** Space-separated; whatever else `whole` has may be left out or null. */
  readonly required: string
}

export const sample = (schema: Schema.Codec<unknown, unknown>, required: string, whole: JsonObject): Sample => ({
  schema,
  whole,
  required
})

export const at = "2026-01-01T00:00:00Z"

export const subject = {
  id: "task:1",
  kind: "task",
  title: "Fix it",
  description: "all of it",
  status: "in-progress",
  priority: 4,
  assignee: "ada",
  labels: ["a"],
  parent: "task:0",
  children: ["task:2"],
  url: "https://tracker.invalid/1",
  created_at: at,
  updated_at: at,
  custom: { team: "x" },
  native_status: "Doing",
  status_metadata: { since: at },
  attachments: [{ id: "a", kind: "log", uri: "file:///x" }]
}

export const entry = {
  id: "1",
  ts: at,
  level: "warn",
  source: "plugin",
  source_name: "p",
  target: "t.u",
  message: "m",
  fields: { n: 1 }
}

const dispatch = {
  subject: { Task: { id: "TASK-1" } },
  workflow_ref: "standard",
  vars: {},
  trigger_source: "operator",
  requested_at: at
}

export const queued = {
  entry_id: "e",
  subject_id: "TASK-1",
  task_id: "TASK-1",
  subject_dispatch: dispatch,
  status: "held",
  workflow_id: "w",
  enqueued_at: at,
  assigned_at: at,
  held_at: at,
  run_at: at,
  expire_after_secs: 60
}

const manifest = {
  name: "animus-x",
  version: "1.0.0",
  plugin_kind: "provider",
  plugin_kinds: ["custom"],
  description: "d",
  protocol_version: "1.0.0",
  capabilities: ["agent/run"],
  env_required: [{ name: "TOKEN" }],
  notification_buffer_size: 16,
  supports_mcp: false
}

const identity = {
  name: "animus-x",
  version: "1.0.0",
  plugin_kind: "provider",
  plugin_kinds: ["custom"],
  description: "d"
}

const able = {
  methods: ["agent/run"],
  streaming: true,
  progress: true,
  cancellation: true,
  projections: ["p"],
  subject_kinds: ["task"],
  mcp_tools: [{ name: "greet" }]
}

/** Under the names of the protocol's text. */
export const values: { readonly [name: string]: Sample } = {
  PluginManifest: sample(
    PluginManifest,
    "name version plugin_kind description protocol_version",
    manifest
  ),
  env_required: sample(EnvRequirement, "name", { name: "T", description: "d", sensitive: true, required: true }),
  InitializeResult: sample(InitializeResult, "protocol_version plugin_info capabilities", {
    protocol_version: "1.1.0",
    plugin_info: identity,
    capabilities: able,
    kind_capabilities: { queue: { crate_version: "0.3.2", extra: { max_lease_batch: 4 } } }
  }),
  plugin_info: sample(PluginIdentity, "name version plugin_kind", identity),
  PluginCapabilities: sample(PluginCapabilities, "", able),
  mcp_tools: sample(McpTool, "name", { name: "greet", description: "d", input_schema: { type: "object" } }),
  "health/check": sample(PluginHealth, "status", {
    status: "degraded",
    uptime_ms: 1.5,
    memory_usage_bytes: 2,
    last_error: "e"
  }),
  "log/entry": sample(PluginLogRecord, "level target message", {
    level: "info",
    target: "t",
    message: "m",
    fields: {},
    ts: at
  }),
  "mcp/tool_call": sample(McpToolCallParams, "name", { name: "greet", arguments: { name: "you" } }),
  Subject: sample(Subject, "id kind title status created_at updated_at", subject),
  attachments: sample(Attachment, "id kind uri", {
    id: "a",
    kind: "log",
    uri: "file:///x",
    title: "t",
    mime_type: "text/plain",
    metadata: {}
  }),
  SubjectChangedEvent: sample(SubjectChangedEvent, "id change_kind subject", {
    id: "task:1",
    change_kind: "status-changed",
    subject,
    previous_native_status: "Todo",
    previous_dispatch_label: "l"
  }),
  AgentRunRequest: sample(AgentRunRequest, "prompt cwd", {
    session_id: "s",
    control_session_id: "c",
    prompt: "p",
    model: "m",
    system_prompt: "sp",
    cwd: "/r",
    project_root: "/r",
    permission_mode: "plan",
    timeout_secs: 60,
    env: { A: "1" },
    mcp_servers: [],
    tools: ["a"],
    response_schema: {},
    runtime_contract: {},
    claude_profile: "x",
    reasoning_effort: "high",
    approvals: {}
  }),
  tokens_used: sample(TokensUsed, "input output", { input: 1, output: 2, cached: 3, cache_writes: 4 }),
  "agent/output": sample(AgentNotificationParams["agent/output"], "session_id text", {
    session_id: "s",
    text: "t",
    final: true
  }),
  "agent/thinking": sample(AgentNotificationParams["agent/thinking"], "session_id text", {
    session_id: "s",
    text: "t"
  }),
  "agent/toolCall": sample(AgentNotificationParams["agent/toolCall"], "session_id name", {
    session_id: "s",
    name: "ls",
    arguments: {},
    server: "fs"
  }),
  "agent/toolResult": sample(AgentNotificationParams["agent/toolResult"], "session_id name", {
    session_id: "s",
    name: "ls",
    output: "x",
    success: false
  }),
  "agent/error": sample(AgentNotificationParams["agent/error"], "session_id message", {
    session_id: "s",
    message: "m",
    recoverable: false
  }),
  "agent/interactionRequested": sample(
    AgentNotificationParams["agent/interactionRequested"],
    "session_id interaction_id kind",
    { session_id: "s", interaction_id: "i", kind: "question", payload: { question: "?" }, expires_at: at }
  ),
  "agent/respond": sample(AgentRespondParams, "interaction_id session_id response", {
    interaction_id: "i",
    session_id: "s",
    response: { decision: "allow", answer: "a", message: "m" }
  }),
  "trigger/event": sample(TriggerEvent, "event_id", {
    event_id: "e",
    trigger_id: "t",
    subject_id: "task:1",
    subject_kind: "task",
    action_hint: "create_task",
    payload: { n: 1 }
  }),
  LogEntry: sample(LogEntry, "id ts level source target message", entry),
  QueueEntry: sample(StoredQueueEntry, "entry_id subject_id subject_dispatch status enqueued_at", queued)
}
