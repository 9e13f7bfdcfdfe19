/** Agents and the models they name, resolved to what a phase needs: tool, model, prompt, command line. */
import { Result } from "effect"
import type { LaunchTemplate, McpServer, SecretSource } from "../../schemas/Workflow.ts"
import type { ToolPolicy } from "../../schemas/WorkflowPolicy.ts"
import { AuthoredAgent, AuthoredLaunch, AuthoredModel } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { checkServers } from "./McpServers.ts"
import { readToolPolicy } from "./Policies.ts"
import type { Prompts } from "./PromptFiles.ts"
import { modelOf } from "./Runtime.ts"
import { sourcesOf } from "./Secrets.ts"
import { type Named, type Table, tableOf } from "./Table.ts"
import { fieldOf, placeOf, type YamlTree } from "./YamlTree.ts"

export interface Agent {
  readonly id: string
  readonly authored: AuthoredAgent
  readonly tool: string | undefined
  readonly model: string | undefined
  readonly launch: LaunchTemplate | undefined
  readonly toolPolicy: ToolPolicy | undefined
}

const tools: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(claude|sonnet|opus|haiku)/i, "claude"],
  [/^(gpt|codex|o\d)/i, "codex"],
  [/^gemini/i, "gemini"],
  [/\//, "opencode"]
]
export const toolOfModel = (model: string): string | undefined => tools.find(([pattern]) => pattern.test(model))?.[1]

export const readModels = (section: YamlTree | undefined, findings: Findings): Table<AuthoredModel> =>
  tableOf(section, (tree) => findings.decode(AuthoredModel, tree))

const launchOf = ({ launch }: AuthoredAgent, secrets: Table<SecretSource>): LaunchTemplate | undefined => {
  if (launch === undefined) return undefined
  const { args = [], env = {}, prompt = "stdin", resume_args = [] } = launch
  return { ...launch, args, env, prompt, ...sourcesOf([...args, ...resume_args, ...Object.values(env)], secrets) }
}

const checkLaunch = (agent: AuthoredAgent, tree: YamlTree, findings: Findings): void => {
  const { launch } = agent
  if (launch === undefined) return
  findings.unread(fieldOf(tree, "launch"), Object.keys(AuthoredLaunch.fields))
  if (launch.command.trim() === "") findings.problem(placeOf(tree, ["launch", "command"]), "launch.command is empty")
  const { session_pattern: pattern } = launch
  if (pattern !== undefined && Result.isFailure(Result.try(() => new RegExp(pattern, "u")))) {
    findings.problem(placeOf(tree, ["launch", "session_pattern"]), "launch.session_pattern is not a regular expression")
  }
}

/** An agent that is to work, and nobody knows with what. */
export const toolMissing = ({ id, tree }: Named<Agent>, findings: Findings): undefined =>
  findings.problem(
    tree.at,
    `agent "${id}" names no tool, and none follows from its model`,
    "add tool: <provider>, as in animus-provider-<provider>"
  )

const withPrompt = (authored: AuthoredAgent, tree: YamlTree, prompts: Prompts, findings: Findings): AuthoredAgent => {
  const { system_prompt_file: file } = authored
  if (file === undefined) return authored
  const at = placeOf(tree, ["system_prompt_file"])
  if (authored.system_prompt !== undefined) {
    findings.problem(at, "system_prompt and system_prompt_file say the same thing twice", "keep one of both")
  }
  const read = prompts.get(file) ?? Result.fail("it was not looked for")
  if (Result.isSuccess(read)) return { ...authored, system_prompt: read.success }
  findings.problem(at, `system_prompt_file "${file}" cannot be read: ${read.failure}`)
  return authored
}

export interface AgentContext {
  readonly models: Table<AuthoredModel>
  readonly secrets: Table<SecretSource>
  readonly prompts: Prompts
  readonly servers: Table<McpServer>
  readonly findings: Findings
}

export const readAgents = (
  section: YamlTree | undefined,
  { findings, models, prompts, secrets, servers }: AgentContext
): Table<Agent> =>
  tableOf(section, (tree, id) => {
    const decoded = findings.decode(AuthoredAgent, tree)
    if (decoded === undefined) return undefined
    findings.unread(tree, Object.keys(AuthoredAgent.fields))
    const authored = withPrompt(decoded, tree, prompts, findings)
    checkLaunch(authored, tree, findings)
    checkServers(authored.mcp_servers, tree, servers, findings)
    const named = authored.model ?? authored.models?.[0]
    const chosen = named === undefined ? undefined : modelOf(named, models)
    const model = chosen?.model
    const derived = model === undefined ? undefined : toolOfModel(model)
    const tool = authored.tool ?? chosen?.tool ?? (authored.launch === undefined ? derived : "exec")
    return {
      id,
      authored,
      tool,
      model,
      toolPolicy: readToolPolicy(authored.tool_policy, tree, findings),
      launch: launchOf(authored, secrets)
    }
  })
