/** How an agent is run for a phase: what the phase says over what its agent says, models by the names the project gives them. */
import type { AgentRuntime, ModelChoice } from "../../schemas/WorkflowPolicy.ts"
import type { AuthoredRuntime } from "../../schemas/WorkflowPolicyYaml.ts"
import type { AuthoredModel } from "../../schemas/WorkflowYaml.ts"
import { present } from "./Present.ts"
import { lookUp, type Table } from "./Table.ts"

/** A name of the `models` section, or a model's own id. */
export const modelOf = (name: string, models: Table<AuthoredModel>): ModelChoice =>
  lookUp(models, name)?.value ?? { model: name }

type Written = AuthoredRuntime & { readonly models?: ReadonlyArray<string> }

/** All names of `models` but the first stand in for it, before the models that are called fallbacks. */
const fallbacksOf = (phase: AuthoredRuntime, agent: Written, models: Table<AuthoredModel>) => {
  const own = agent.model === undefined ? agent.models?.slice(1) ?? [] : []
  const names = phase.fallback_models ?? [...own, ...agent.fallback_models ?? []]
  return names.length === 0 ? undefined : names.map((name) => modelOf(name, models))
}

/** Undefined where nobody said anything. */
export const readRuntime = (
  phase: AuthoredRuntime,
  agent: Written,
  models: Table<AuthoredModel>
): AgentRuntime | undefined => {
  const runtime = present({
    fallback_models: fallbacksOf(phase, agent, models),
    fallback_tools: phase.fallback_tools ?? agent.fallback_tools,
    max_continuations: phase.max_continuations ?? agent.max_continuations,
    retry_on: phase.retry_on ?? agent.retry_on,
    no_retry_on: phase.no_retry_on ?? agent.no_retry_on,
    reasoning_effort: phase.reasoning_effort ?? agent.reasoning_effort,
    permission_mode: phase.permission_mode ?? agent.permission_mode,
    web_search: phase.web_search ?? agent.web_search,
    network_access: phase.network_access ?? agent.network_access,
    tool_profile: phase.tool_profile ?? agent.tool_profile,
    extra_args: phase.extra_args ?? agent.extra_args,
    codex_config_overrides: phase.codex_config_overrides ?? agent.codex_config_overrides
  })
  return Object.keys(runtime).length === 0 ? undefined : runtime
}
