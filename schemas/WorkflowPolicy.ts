/** What bounds and steers the work of a compiled workflow: budgets, worktrees, delays, runtime, tools, evals. All of it optional. */
import { Schema } from "effect"
import { orElse } from "./Json.ts"

/** What agents used up, as their providers count it. */
export const Usage = Schema.Struct({ tokens: Schema.Int, cost_usd: Schema.Finite })
export type Usage = typeof Usage.Type

/** How one check of an agent phase came out; `said` is the end of what it said. */
export const CheckResult = Schema.Struct({
  id: Schema.String,
  passed: Schema.Boolean,
  said: Schema.String,
  /** Its judge could not be asked: nothing is known of the work. */
  unanswered: Schema.optionalKey(Schema.Literal(true))
})
export type CheckResult = typeof CheckResult.Type

/** One of the two limits is there. */
export const Budget = Schema.Struct({
  max_tokens: Schema.optionalKey(Schema.Int),
  max_cost_usd: Schema.optionalKey(Schema.Finite),
  on_exceed: orElse(Schema.Literals(["pause", "fail", "warn"]), "pause")
})
export type Budget = typeof Budget.Type

export const Worktree = Schema.Struct({
  mode: Schema.Literals(["auto", "required", "skip"]),
  cleanup: orElse(Schema.Boolean, true),
  base_ref: Schema.optionalKey(Schema.String)
})
export type Worktree = typeof Worktree.Type

export const Backoff = Schema.Struct({
  initial_secs: Schema.Finite,
  factor: orElse(Schema.Finite, 1),
  max_secs: Schema.optionalKey(Schema.Finite)
})
export type Backoff = typeof Backoff.Type

/** Why a provider did not carry an attempt out. */
export const FailureToken = Schema.Literals(["transient", "provider_exhaustion", "target_unavailable", "unknown"])
export type FailureToken = typeof FailureToken.Type

export const ModelChoice = Schema.Struct({ model: Schema.String, tool: Schema.optionalKey(Schema.String) })
export type ModelChoice = typeof ModelChoice.Type

/** What goes to the provider as it is, and what the engine does when the provider fails. */
export const AgentRuntime = Schema.Struct({
  fallback_models: Schema.optionalKey(Schema.Array(ModelChoice)),
  fallback_tools: Schema.optionalKey(Schema.Array(Schema.String)),
  max_continuations: Schema.optionalKey(Schema.Int),
  retry_on: Schema.optionalKey(Schema.Array(FailureToken)),
  no_retry_on: Schema.optionalKey(Schema.Array(FailureToken)),
  reasoning_effort: Schema.optionalKey(Schema.String),
  permission_mode: Schema.optionalKey(Schema.String),
  web_search: Schema.optionalKey(Schema.Boolean),
  network_access: Schema.optionalKey(Schema.Boolean),
  tool_profile: Schema.optionalKey(Schema.String),
  extra_args: Schema.optionalKey(Schema.Array(Schema.String)),
  codex_config_overrides: Schema.optionalKey(Schema.Array(Schema.String))
})
export type AgentRuntime = typeof AgentRuntime.Type

/** Names of tools with `*` for any characters; nothing allowed by name means all, and what is denied stays denied. */
export const ToolPolicy = Schema.Struct({
  allow: orElse(Schema.Array(Schema.String), []),
  deny: orElse(Schema.Array(Schema.String), [])
})
export type ToolPolicy = typeof ToolPolicy.Type

/** `agent`: what an agent that judges is started with, beyond its tool and model. */
export const evalsOf = <Launch extends Schema.Top, Secrets extends Schema.Top>(
  { launch, secrets }: { readonly launch: Launch; readonly secrets: Secrets }
) =>
  Schema.Struct({
    pass_threshold: Schema.Finite,
    on_fail: Schema.Literals(["rework", "block"]),
    max_reworks: Schema.Int,
    checks: Schema.NonEmptyArray(Schema.Union([
      Schema.Struct({
        id: Schema.String,
        kind: Schema.tag("command"),
        command: Schema.String,
        args: Schema.Array(Schema.String),
        /** Relative to the project root; never outside it. */
        working_dir: Schema.String,
        timeout_secs: Schema.Int,
        expected_exit: Schema.Int,
        secrets
      }),
      Schema.Struct({
        id: Schema.String,
        kind: Schema.tag("llm_judge"),
        prompt: Schema.String,
        timeout_secs: Schema.Int,
        agent: Schema.String,
        tool: Schema.String,
        model: Schema.optionalKey(Schema.String),
        system_prompt: Schema.optionalKey(Schema.String),
        launch
      })
    ]))
  })
