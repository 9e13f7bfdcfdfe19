/**
 * A compiled workflow: what a run pins in its first event. Self-contained (agents are resolved into the phases that
 * use them), so editing YAML never changes a run in flight.
 */
import { Schema } from "effect"
import { JsonObject, orElse } from "./Json.ts"
import { AgentRuntime, Backoff, Budget, evalsOf, ToolPolicy, Worktree } from "./WorkflowPolicy.ts"

export const Verdict = Schema.Literals(["advance", "rework", "fail", "skip"])
export type Verdict = typeof Verdict.Type

export const Risk = Schema.Literals(["low", "medium", "high"])
export type Risk = typeof Risk.Type

/** What may happen to a phase that was running when the daemon died and whose session cannot be resumed. */
export const Idempotency = Schema.Literals(["idempotent", "sideeffecting", "unknown"])
export type Idempotency = typeof Idempotency.Type

/**
 * A condition of the guard language (docs/workflows.md), as text. Definitions that were pinned before it had more than one
 * operator, and what they can say, have the three parts; an unknown field never matches.
 */
export const Guard = Schema.Union([
  Schema.String,
  Schema.Struct({ field: Schema.String, operator: Schema.Literals(["==", "!="]), value: Schema.String })
])
export type Guard = typeof Guard.Type

/** Where a verdict leads. `target` is a phase of the same workflow; with a guard it counts only where that holds. */
export const VerdictRule = Schema.Struct({
  target: Schema.optionalKey(Schema.String),
  guard: Schema.optionalKey(Guard),
  allow_agent_target: orElse(Schema.Boolean, false),
  allowed_targets: orElse(Schema.Array(Schema.String), [])
})
export type VerdictRule = typeof VerdictRule.Type

const phaseFields = {
  id: Schema.String,
  idempotency: Idempotency,
  /** How often other phases may send the run back to this one. */
  max_rework_attempts: Schema.Int,
  skip_if: Schema.Array(Guard),
  on_verdict: Schema.Struct({ advance: Schema.optionalKey(VerdictRule), rework: Schema.optionalKey(VerdictRule) }),
  budget: Schema.optionalKey(Budget),
  worktree: Schema.optionalKey(Worktree),
  /** How long a rework of this phase waits before it begins. */
  backoff: Schema.optionalKey(Backoff)
}

/** How an agent's answer is judged; absent means that finishing is enough to advance. */
export const DecisionContract = Schema.Struct({
  min_confidence: orElse(Schema.Finite, 0.6),
  max_risk: orElse(Risk, "medium"),
  allow_missing_decision: orElse(Schema.Boolean, true),
  required_evidence: orElse(Schema.Array(Schema.String), []),
  /** JSON Schemas of what a decision carries beyond the keys that every decision has. */
  extra_json_schemas: Schema.optionalKey(Schema.Array(JsonObject))
})
export type DecisionContract = typeof DecisionContract.Type

/** The JSON object that the final text of an attempt has to hold; absent means that any text will do. */
export const OutputContract = Schema.Struct({
  /** Its `kind`; without one the last object counts that is no decision. */
  kind: Schema.optionalKey(Schema.String),
  /** Each of them has to be met. */
  json_schemas: Schema.Array(JsonObject)
})
export type OutputContract = typeof OutputContract.Type

/** Where a secret's value comes from at the moment a process is started; the value itself is never pinned. */
export const SecretSource = Schema.Struct({ env: Schema.String, required: Schema.Boolean })
export type SecretSource = typeof SecretSource.Type

/** The secrets that arguments and environment refer to as `${secret.name}`; only these are ever put in. */
const secrets = Schema.optionalKey(Schema.Record(Schema.String, SecretSource))

/** The command-line form of an agent, for providers that drive any program. `{{prompt}}` and `{{session_id}}` are filled in. */
export const LaunchTemplate = Schema.Struct({
  command: Schema.String,
  args: orElse(Schema.Array(Schema.String), []),
  env: orElse(Schema.Record(Schema.String, Schema.String), {}),
  prompt: orElse(Schema.Literals(["stdin", "argument"]), "stdin"),
  /** Arguments that continue session `{{session_id}}`; absent means that the agent cannot resume. */
  resume_args: Schema.optionalKey(Schema.Array(Schema.String)),
  /** A line of output that matches, first group = the agent's own session id. */
  session_pattern: Schema.optionalKey(Schema.String),
  secrets
})
export type LaunchTemplate = typeof LaunchTemplate.Type

/** A server of tools that the provider is told of; started by whoever runs the agent. */
export const McpServer = Schema.Struct({
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(Schema.Array(Schema.String)),
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  url: Schema.optionalKey(Schema.String),
  transport: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  secrets
})
export type McpServer = typeof McpServer.Type

export const Evals = evalsOf({ launch: Schema.optionalKey(LaunchTemplate), secrets })
export type Evals = typeof Evals.Type

export const AgentPhase = Schema.Struct({
  ...phaseFields,
  mode: Schema.tag("agent"),
  agent: Schema.String,
  /** Names the provider plugin: `animus-provider-<tool>`. */
  tool: Schema.String,
  model: Schema.optionalKey(Schema.String),
  directive: Schema.optionalKey(Schema.String),
  system_prompt: Schema.optionalKey(Schema.String),
  launch: Schema.optionalKey(LaunchTemplate),
  timeout_secs: Schema.Int,
  /** Tries at a transient provider failure before anything was forwarded. */
  max_attempts: Schema.Int,
  decision_contract: Schema.optionalKey(DecisionContract),
  output: Schema.optionalKey(OutputContract),
  runtime: Schema.optionalKey(AgentRuntime),
  tool_policy: Schema.optionalKey(ToolPolicy),
  mcp_servers: Schema.optionalKey(Schema.Record(Schema.String, McpServer)),
  /** What an attempt that leads on left uncommitted is committed. */
  requires_commit: Schema.optionalKey(Schema.Boolean),
  evals: Schema.optionalKey(Evals)
})
export type AgentPhase = typeof AgentPhase.Type

export const CommandPhase = Schema.Struct({
  ...phaseFields,
  mode: Schema.tag("command"),
  program: Schema.String,
  args: Schema.Array(Schema.String),
  env: Schema.Record(Schema.String, Schema.String),
  /** Relative to the project root; never outside it. */
  cwd: Schema.String,
  timeout_secs: Schema.Int,
  success_exit_codes: Schema.Array(Schema.Int),
  on_success_verdict: Verdict,
  on_failure_verdict: Verdict,
  /** Only when true may a line of output be a decision; it never turns a failure into a success. */
  parse_json_output: Schema.Boolean,
  category: Schema.String,
  /** A regular expression: the lines that say what went wrong, instead of those that usually do. */
  failure_pattern: Schema.optionalKey(Schema.String),
  excerpt_max_chars: Schema.Int,
  /** Of what the exit code says; 1 without a word, and medium where it failed. */
  confidence: Schema.optionalKey(Schema.Finite),
  failure_risk: Schema.optionalKey(Risk),
  output: Schema.optionalKey(OutputContract),
  secrets
})
export type CommandPhase = typeof CommandPhase.Type

export const ManualPhase = Schema.Struct({
  ...phaseFields,
  mode: Schema.tag("manual"),
  instructions: Schema.String,
  approval_note_required: Schema.Boolean,
  timeout_secs: Schema.optionalKey(Schema.Int)
})
export type ManualPhase = typeof ManualPhase.Type

export const Phase = Schema.Union([AgentPhase, CommandPhase, ManualPhase])
export type Phase = typeof Phase.Type

export const WorkflowVariable = Schema.Struct({
  name: Schema.String,
  description: Schema.optionalKey(Schema.String),
  required: orElse(Schema.Boolean, false),
  default: Schema.optionalKey(Schema.String)
})
export type WorkflowVariable = typeof WorkflowVariable.Type

export const WorkflowDefinition = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  description: Schema.optionalKey(Schema.String),
  phases: Schema.NonEmptyArray(Phase),
  variables: Schema.Array(WorkflowVariable),
  budget: Schema.optionalKey(Budget),
  worktree: Schema.optionalKey(Worktree)
})
export type WorkflowDefinition = typeof WorkflowDefinition.Type

/** What an attempt of a phase concluded: read from its final text, or derived by the host (exit code, approval, checks, default). */
export const PhaseDecision = Schema.Struct({
  verdict: Verdict,
  confidence: Schema.Finite,
  risk: Risk,
  reason: Schema.String,
  target_phase: Schema.optionalKey(Schema.String),
  guardrail_violations: orElse(Schema.Array(Schema.String), []),
  evidence: orElse(Schema.Array(Schema.Json), []),
  commit_message: Schema.optionalKey(Schema.String),
  source: Schema.Literals(["agent", "command", "person", "default", "evals"])
})
export type PhaseDecision = typeof PhaseDecision.Type
