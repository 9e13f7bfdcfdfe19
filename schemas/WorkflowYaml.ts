/**
 * The authored form of workflows, piece by piece: what people write in `.animus/workflows.yaml`. Each piece is decoded by
 * itself, so that one mistake does not hide the next. Unknown keys are let through: other releases know more of them.
 */
import { Schema } from "effect"
import { JsonObject } from "./Json.ts"
import { Idempotency, Risk, Verdict } from "./Workflow.ts"
import {
  AuthoredBudget,
  AuthoredEvals,
  AuthoredRetry,
  AuthoredRuntime,
  AuthoredToolPolicy,
  AuthoredWorktree,
  runtimeKeys
} from "./WorkflowPolicyYaml.ts"
import { Env, Flag, opt, Positive, Share, Text, Texts, Whole } from "./YamlValues.ts"

export const AuthoredRule = Schema.Struct({
  target: opt(Text),
  guard: opt(Text),
  allow_agent_target: opt(Flag),
  allowed_targets: opt(Texts)
})

/** What a workflow says about a phase it uses. */
export const AuthoredEntry = Schema.Struct({
  agent: opt(Text),
  system_prompt: opt(Text),
  system_prompt_override: opt(Text),
  max_rework_attempts: opt(Positive),
  skip_if: opt(Texts),
  on_verdict: opt(Schema.Record(Schema.String, AuthoredRule)),
  budget: opt(AuthoredBudget)
})
export type AuthoredEntry = typeof AuthoredEntry.Type

export const AuthoredVariable = Schema.Struct({
  name: Text,
  description: opt(Text),
  required: opt(Flag),
  default: opt(Text)
})

/** `phases` has its own reading: its entries come in several forms. */
export const AuthoredWorkflow = Schema.Struct({
  id: Text,
  name: opt(Text),
  description: opt(Text),
  variables: opt(Schema.Array(AuthoredVariable)),
  budget: opt(AuthoredBudget),
  worktree: opt(AuthoredWorktree)
})
export type AuthoredWorkflow = typeof AuthoredWorkflow.Type

/** A field by the name of its type, or by a JSON Schema, to which `required` may be added. */
const ContractFields = Schema.Record(Schema.String, Schema.Union([Schema.String, JsonObject])).annotate({
  expected: "a map of types or JSON Schemas"
})
export type ContractFields = typeof ContractFields.Type

const JsonSchemaText = JsonObject.annotate({ expected: "a JSON Schema" })

export const AuthoredContract = Schema.Struct({
  min_confidence: opt(Share),
  max_risk: opt(Risk),
  allow_missing_decision: opt(Flag),
  required_evidence: opt(Texts),
  extra_json_schema: opt(JsonSchemaText),
  fields: opt(ContractFields)
})

export const AuthoredOutput = Schema.Struct({
  kind: opt(Text),
  required_fields: opt(Texts),
  fields: opt(ContractFields)
})

export const AuthoredCommand = Schema.Struct({
  program: Text,
  args: opt(Texts),
  env: opt(Env),
  cwd_mode: opt(Schema.Literals(["project_root", "task_root", "path"])),
  cwd_path: opt(Text),
  timeout_secs: opt(Positive),
  success_exit_codes: opt(Schema.Array(Whole)),
  parse_json_output: opt(Flag),
  expected_result_kind: opt(Text),
  expected_schema: opt(JsonSchemaText),
  category: opt(Text),
  failure_pattern: opt(Text),
  excerpt_max_chars: opt(Positive),
  on_success_verdict: opt(Verdict),
  on_failure_verdict: opt(Verdict),
  confidence: opt(Share),
  failure_risk: opt(Risk)
})

export const AuthoredManual = Schema.Struct({
  instructions: Text,
  approval_note_required: opt(Flag),
  timeout_secs: opt(Positive)
})

export const AuthoredPhase = Schema.Struct({
  mode: Schema.Literals(["agent", "command", "manual"]),
  agent: opt(Text),
  agent_id: opt(Text),
  directive: opt(Text),
  system_prompt: opt(Text),
  runtime: opt(AuthoredRuntime),
  decision_contract: opt(AuthoredContract),
  retry: opt(AuthoredRetry),
  command: opt(AuthoredCommand),
  manual: opt(AuthoredManual),
  idempotency: opt(Idempotency),
  output_contract: opt(AuthoredOutput),
  output_json_schema: opt(JsonSchemaText),
  evals: opt(AuthoredEvals),
  budget: opt(AuthoredBudget),
  worktree: opt(AuthoredWorktree),
  tool_policy: opt(AuthoredToolPolicy),
  capabilities: opt(Schema.Record(Schema.String, Flag))
})
export type AuthoredPhase = typeof AuthoredPhase.Type

export const AuthoredLaunch = Schema.Struct({
  command: Text,
  args: opt(Texts),
  env: opt(Env),
  prompt: opt(Schema.Literals(["stdin", "argument"])),
  resume_args: opt(Texts),
  session_pattern: opt(Text)
})

export const AuthoredAgent = Schema.Struct({
  name: opt(Text),
  description: opt(Text),
  ...runtimeKeys,
  models: opt(Texts),
  system_prompt: opt(Text),
  system_prompt_file: opt(Text),
  tool_policy: opt(AuthoredToolPolicy),
  mcp_servers: opt(Texts),
  launch: opt(AuthoredLaunch)
})
export type AuthoredAgent = typeof AuthoredAgent.Type

/** Started by its command, or reached at its url. */
export const AuthoredMcpServer = Schema.Struct({
  command: opt(Text),
  args: opt(Texts),
  env: opt(Env),
  url: opt(Text),
  transport: opt(Text),
  headers: opt(Env)
})
export const AuthoredMcpBinding = Schema.Struct({ servers: opt(Texts) })

/** `env` is the environment variable that holds the value. */
export const AuthoredSecret = Schema.Struct({ env: Text, required: opt(Flag), description: opt(Text) })

export const AuthoredModel = Schema.Struct({ model: Text, tool: opt(Text) })
export type AuthoredModel = typeof AuthoredModel.Type

/** Which tool and model a phase gets, whatever its agent says. */
export const AuthoredRouting = Schema.Struct({ tool: opt(Text), model: opt(Text) })
export type AuthoredRouting = typeof AuthoredRouting.Type

/** Of the daemon's section only what belongs to workflows is read; its own settings stand in `config.json`. */
export const AuthoredDaemon = Schema.Struct({
  active_hours: opt(Text),
  phase_routing: opt(Schema.Record(Schema.String, AuthoredRouting))
})
export type AuthoredDaemon = typeof AuthoredDaemon.Type

export const AuthoredSchedule = Schema.Struct({
  id: Text,
  cron: Text,
  workflow_ref: Text,
  enabled: opt(Flag),
  input: opt(Schema.Json)
})

export const AuthoredTrigger = Schema.Struct({
  id: Text,
  type: Schema.Literals(["plugin", "webhook", "github_webhook", "file_watcher"]),
  enabled: opt(Flag),
  workflow_ref: Text,
  config: opt(Schema.Json),
  input: opt(Schema.Json)
})

export const AuthoredAllowlist = Texts
export const AuthoredRef = Text

/** Top-level keys that workflows are compiled from. */
export const compiledKeys = [
  "default_workflow_ref",
  "workflows",
  "phases",
  "agents",
  "tools_allowlist",
  "models",
  "triggers",
  "secrets",
  "daemon",
  "schedules",
  "mcp_servers",
  "phase_mcp_bindings"
] as const

/** Top-level keys of the language that this release reads past, with a word to the author. */
export const keptKeys = [
  "phase_catalog",
  "tools",
  "integrations",
  "agent_channels"
] as const
