/** What a provider is asked for one attempt: the prompt, and everything that the definition says about how. Pure; secrets are still names here. */
import type { Json, JsonObject } from "../../schemas/Json.ts"
import type { AgentRunRequest } from "../../schemas/Provider.ts"
import type { AgentPhase } from "../../schemas/Workflow.ts"
import { present } from "../workflow/Present.ts"
import type { Target } from "./policy/Retry.ts"
import type { InFlight } from "./Position.ts"
import { buildPrompt } from "./Prompt.ts"
import type { RunState } from "./RunState.ts"
import { fillIn, type Place, templateValues } from "./Template.ts"

export interface Asked {
  readonly place: Place
  /** The provider's own session to go on with. */
  readonly resume?: string | undefined
  /** Another tool or model than the first choice. */
  readonly target?: Target | undefined
}

/** For tools that can hold a model to a shape. */
const responseSchemaOf = ({ output }: AgentPhase): JsonObject | undefined => {
  const [first, ...rest] = output?.json_schemas ?? []
  return rest.length === 0 ? first : { allOf: output?.json_schemas ?? [] }
}

/** What providers read that know more than the protocol names. */
const contractOf = ({ launch, runtime = {} }: AgentPhase): JsonObject | undefined => {
  const { codex_config_overrides, extra_args, network_access, web_search } = runtime
  const known = present({ codex_config_overrides, extra_args, network_access, web_search })
  if (launch === undefined && Object.keys(known).length === 0) return undefined
  return {
    ...(launch === undefined ? {} : { cli: { launch: present(launch) } }),
    ...(Object.keys(known).length === 0 ? {} : { runtime: known })
  }
}

const toolsOf = ({ tool_policy: policy }: AgentPhase): Json | undefined =>
  policy && { allow: policy.allow, deny: policy.deny }

const serversOf = ({ mcp_servers }: AgentPhase): JsonObject | undefined =>
  mcp_servers && Object.fromEntries(Object.entries(mcp_servers).map(([name, server]) => [name, present(server)]))

export const agentRequest = (
  state: RunState,
  phase: AgentPhase,
  attempt: InFlight,
  { place, resume, target }: Asked
): AgentRunRequest => {
  const prompt = buildPrompt(state, phase, attempt, place)
  const { runtime, system_prompt } = phase
  return {
    prompt: resume === undefined
      ? prompt
      : `You were interrupted. Go on where you were; this was the task:\n\n${prompt}`,
    cwd: place.cwd,
    project_root: place.projectRoot,
    timeout_secs: phase.timeout_secs,
    env: {},
    ...present({
      model: target === undefined ? phase.model : target.model,
      system_prompt: system_prompt === undefined ? undefined : fillIn(system_prompt, templateValues(state, place)),
      permission_mode: runtime?.permission_mode,
      reasoning_effort: runtime?.reasoning_effort,
      claude_profile: runtime?.tool_profile,
      tools: toolsOf(phase),
      mcp_servers: serversOf(phase),
      response_schema: responseSchemaOf(phase),
      runtime_contract: contractOf(phase)
    })
  }
}
