/** The authored form of what bounds and steers the work: budgets, worktrees, retries, runtime, tools, evals. */
import { Schema } from "effect"
import { FailureToken } from "./WorkflowPolicy.ts"
import { Amount, Flag, Natural, opt, Positive, Seconds, Share, Text, Texts, Whole } from "./YamlValues.ts"

export const AuthoredBudget = Schema.Struct({
  max_tokens: opt(Positive),
  max_cost_usd: opt(Amount),
  on_exceed: opt(Schema.Literals(["pause", "fail", "warn"]))
})
export type AuthoredBudget = typeof AuthoredBudget.Type

const WorktreeMode = Schema.Literals(["auto", "required", "skip"])

/** `true` is auto, `false` is skip, and a word alone is the mode. */
export const AuthoredWorktree = Schema.Union([
  Schema.Boolean,
  WorktreeMode,
  Schema.Struct({ mode: opt(WorktreeMode), cleanup: opt(Flag), base_ref: opt(Text) })
]).annotate({ expected: "true, false, auto, required, skip or a map" })
export type AuthoredWorktree = typeof AuthoredWorktree.Type

export const AuthoredRetry = Schema.Struct({
  max_attempts: opt(Positive),
  backoff: opt(Schema.Struct({ initial_secs: Seconds, factor: opt(Amount), max_secs: opt(Seconds) }))
})

const Tokens = Schema.Array(FailureToken)

export const runtimeKeys = {
  tool: opt(Text),
  model: opt(Text),
  timeout_secs: opt(Positive),
  max_attempts: opt(Positive),
  fallback_models: opt(Texts),
  fallback_tools: opt(Texts),
  max_continuations: opt(Natural),
  retry_on: opt(Tokens),
  no_retry_on: opt(Tokens),
  reasoning_effort: opt(Text),
  permission_mode: opt(Text),
  web_search: opt(Flag),
  network_access: opt(Flag),
  tool_profile: opt(Text),
  extra_args: opt(Texts),
  codex_config_overrides: opt(Texts)
}
export const AuthoredRuntime = Schema.Struct(runtimeKeys)
export type AuthoredRuntime = typeof AuthoredRuntime.Type

export const AuthoredToolPolicy = Schema.Struct({ allow: opt(Texts), deny: opt(Texts) })

export const AuthoredCheck = Schema.Struct({
  id: Text,
  kind: Schema.Literals(["command", "llm_judge"]),
  command: opt(Text),
  args: opt(Texts),
  working_dir: opt(Text),
  timeout_secs: opt(Positive),
  expected_exit: opt(Whole),
  agent: opt(Text),
  prompt: opt(Text)
})
export type AuthoredCheck = typeof AuthoredCheck.Type

export const AuthoredEvals = Schema.Struct({
  pass_threshold: opt(Share),
  on_fail: opt(Schema.Literals(["rework", "block"])),
  max_reworks: opt(Natural),
  checks: Schema.Array(AuthoredCheck)
})
export type AuthoredEvals = typeof AuthoredEvals.Type
