/** Agents and the models they name, resolved to what a phase needs: tool, model, prompt, command line. */
import { Result } from "effect"
import type { LaunchTemplate } from "../../schemas/Workflow.ts"
import { AuthoredAgent, AuthoredLaunch, AuthoredModel } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { entriesOf, fieldOf, placeOf, type YamlTree } from "./YamlTree.ts"

export interface Agent {
  readonly id: string
  readonly authored: AuthoredAgent
  readonly tool: string | undefined
  readonly model: string | undefined
  readonly launch: LaunchTemplate | undefined
}

/** By lower-cased id. An id whose definition is wrong is known, so that nobody is told it were missing. */
export interface Named<A> {
  readonly id: string
  readonly tree: YamlTree
  readonly value: A | undefined
}
export type Table<A> = ReadonlyMap<string, Named<A>>

export const lookUp = <A>(table: Table<A>, id: string): Named<A> | undefined => table.get(id.toLowerCase())
export const idsOf = <A>(table: Table<A>): ReadonlyArray<string> => [...table.values()].map(({ id }) => id)

export const tableOf = <A>(
  section: YamlTree | undefined,
  read: (tree: YamlTree, id: string) => A | undefined
): Table<A> =>
  new Map(
    entriesOf(section).map(({ key, value }) => [key.toLowerCase(), { id: key, tree: value, value: read(value, key) }])
  )

const tools: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(claude|sonnet|opus|haiku)/i, "claude"],
  [/^(gpt|codex|o\d)/i, "codex"],
  [/^gemini/i, "gemini"],
  [/\//, "opencode"]
]
export const toolOfModel = (model: string): string | undefined => tools.find(([pattern]) => pattern.test(model))?.[1]

export const readModels = (section: YamlTree | undefined, findings: Findings): Table<AuthoredModel> =>
  tableOf(section, (tree) => findings.decode(AuthoredModel, tree))

const launchOf = (agent: AuthoredAgent): LaunchTemplate | undefined =>
  agent.launch && {
    ...agent.launch,
    args: agent.launch.args ?? [],
    env: agent.launch.env ?? {},
    prompt: agent.launch.prompt ?? "stdin"
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

export const readAgents = (
  section: YamlTree | undefined,
  models: Table<AuthoredModel>,
  findings: Findings
): Table<Agent> =>
  tableOf(section, (tree, id) => {
    const authored = findings.decode(AuthoredAgent, tree)
    if (authored === undefined) return undefined
    findings.unread(tree, Object.keys(AuthoredAgent.fields))
    checkLaunch(authored, tree, findings)
    const named = authored.model ?? authored.models?.[0]
    const registered = named === undefined ? undefined : lookUp(models, named)?.value
    const model = registered?.model ?? named
    const derived = model === undefined ? undefined : toolOfModel(model)
    const tool = authored.tool ?? registered?.tool ?? (authored.launch === undefined ? derived : "exec")
    return { id, authored, tool, model, launch: launchOf(authored) }
  })
