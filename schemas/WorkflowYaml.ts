/**
 * The authored form of workflows, piece by piece: what people write in `.animus/workflows.yaml`. Each piece is decoded by
 * itself, so that one mistake does not hide the next. Unknown keys are let through: other releases know more of them.
 */
import { Schema, SchemaGetter } from "effect"
import { JsonObject } from "./Json.ts"
import { Idempotency, Risk, Verdict } from "./Workflow.ts"

/** `on`, `1.10` and `true` are text where text is meant: YAML's guess at a type does not make a mistake of it. */
const Text = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]).annotate({ expected: "text" }).pipe(
  Schema.decodeTo(Schema.String, { decode: SchemaGetter.transform(String), encode: SchemaGetter.passthrough() })
)

/** A number may have come out of a variable, as text. */
const numeric = (pattern: RegExp, expected: string, check: (n: number) => boolean) =>
  Schema.Union([
    Schema.Finite.check(Schema.makeFilter(check, { expected })),
    Schema.String.check(Schema.isPattern(pattern, { expected }))
  ]).annotate({ expected }).pipe(
    Schema.decodeTo(Schema.Finite, { decode: SchemaGetter.transform(Number), encode: SchemaGetter.passthrough() })
  )
const Whole = numeric(/^-?\d{1,15}$/, "a whole number", Number.isSafeInteger)
const Positive = numeric(/^0*[1-9]\d{0,14}$/, "a whole number above 0", (n) => Number.isSafeInteger(n) && n > 0)
const Share = numeric(/^(0(\.\d+)?|1(\.0+)?)$/, "a number from 0 to 1", (n) => n >= 0 && n <= 1)

const Flag = Schema.Union([Schema.Boolean, Schema.Literals(["true", "false"])]).annotate({ expected: "true or false" })
  .pipe(
    Schema.decodeTo(Schema.Boolean, {
      decode: SchemaGetter.transform((value: boolean | "true" | "false") => value === true || value === "true"),
      encode: SchemaGetter.passthrough()
    })
  )

const opt = Schema.optionalKey
const Texts = Schema.Array(Text).annotate({ expected: "a list of texts" })
const Env = Schema.Record(Schema.String, Text).annotate({ expected: "a map of texts" })

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
  on_verdict: opt(Schema.Record(Schema.String, AuthoredRule))
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
  variables: opt(Schema.Array(AuthoredVariable))
})
export type AuthoredWorkflow = typeof AuthoredWorkflow.Type

const runtime = { tool: opt(Text), model: opt(Text), timeout_secs: opt(Positive), max_attempts: opt(Positive) }
export const AuthoredRuntime = Schema.Struct(runtime)

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
  category: opt(Schema.Literals(["test", "lint", "build", "command"])),
  excerpt_max_chars: opt(Positive),
  on_success_verdict: opt(Verdict),
  on_failure_verdict: opt(Verdict)
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
  retry: opt(Schema.Struct({ max_attempts: opt(Positive) })),
  command: opt(AuthoredCommand),
  manual: opt(AuthoredManual),
  idempotency: opt(Idempotency),
  output_contract: opt(AuthoredOutput),
  output_json_schema: opt(JsonSchemaText)
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
  ...runtime,
  models: opt(Texts),
  system_prompt: opt(Text),
  launch: opt(AuthoredLaunch)
})
export type AuthoredAgent = typeof AuthoredAgent.Type

/** `env` is the environment variable that holds the value. */
export const AuthoredSecret = Schema.Struct({ env: Text, required: opt(Flag), description: opt(Text) })

export const AuthoredModel = Schema.Struct({ model: Text, tool: opt(Text) })
export type AuthoredModel = typeof AuthoredModel.Type

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
  "secrets"
] as const

/** Top-level keys of the language that this release reads past, with a word to the author. */
export const keptKeys = [
  "schedules",
  "daemon",
  "mcp_servers",
  "phase_mcp_bindings",
  "phase_catalog",
  "tools",
  "integrations",
  "agent_channels"
] as const
