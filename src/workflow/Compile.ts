/** From the texts of the workflow files to definitions that need nothing else, or to everything that is wrong with them. */
import { Result } from "effect"
import type { WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import type { ScheduleDefinition } from "../../schemas/Schedule.ts"
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import type { Phase, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { AuthoredAllowlist, AuthoredWorkflow } from "../../schemas/WorkflowYaml.ts"
import { readAgents, readModels } from "./Agents.ts"
import { readSkipIf } from "./Conditions.ts"
import { readDaemon } from "./Daemon.ts"
import { expander, type ListedPhase, type ListedWorkflow, readEntries } from "./Entries.ts"
import { executes } from "./Executes.ts"
import { Findings, inOrder } from "./Findings.ts"
import type { Lookup } from "./Interpolate.ts"
import { readBindings, readServers } from "./McpServers.ts"
import { idOf, mergeFiles, sameId } from "./Merge.ts"
import { parseYaml } from "./ParseYaml.ts"
import type { PhaseContext } from "./PhaseContext.ts"
import { type DefinedPhase, readPhases, usePhase } from "./Phases.ts"
import { readBudget, readWorktree } from "./Policies.ts"
import { present } from "./Present.ts"
import { builtInPrograms } from "./Programs.ts"
import type { Prompts } from "./PromptFiles.ts"
import { readSchedules } from "./Schedules.ts"
import { checkSecrets, readSecrets } from "./Secrets.ts"
import { checkFile } from "./Sections.ts"
import { idsOf, lookUp, type Table } from "./Table.ts"
import { readTriggers } from "./Triggers.ts"
import { readVerdicts } from "./Verdicts.ts"
import { entriesOf, fieldOf, itemsOf, placeOf, textOf, type YamlMap, type YamlTree } from "./YamlTree.ts"

export interface SourceFile {
  /** As a person would name it: relative to the project. */
  readonly file: string
  readonly text: string
}

export interface CompiledProject {
  readonly defaultWorkflow: string | undefined
  readonly workflows: ReadonlyArray<WorkflowDefinition>
  readonly triggers: ReadonlyArray<TriggerDefinition>
  readonly schedules: ReadonlyArray<ScheduleDefinition>
  /** When schedules and triggers may start work; always, without. */
  readonly activeHours: string | undefined
  /** True when a definition would execute something that the repository wrote: command phases, agents with a command line. */
  readonly executes: boolean
  /** What the author wrote and nothing acts on, and secrets in places where they would be kept. */
  readonly warnings: ReadonlyArray<WorkflowProblem>
}

const compilePhases = (
  workflow: ListedWorkflow,
  listed: ReadonlyArray<ListedPhase>,
  phases: Table<DefinedPhase>,
  variables: ReadonlyArray<string>,
  context: PhaseContext
): ReadonlyArray<Phase> => {
  const { findings } = context
  const ids = listed.map(({ id }) => lookUp(phases, id)?.id ?? id)
  const scope = { phases: ids, variables }
  return listed.flatMap((use, index) => {
    const named = lookUp(phases, use.id)
    if (named === undefined) findings.missing(use.tree.at, "phase", use.id, idsOf(phases))
    if (ids.slice(0, index).some((id) => sameId(id, use.id))) {
      findings.problem(
        use.tree.at,
        `phase "${use.id}" occurs twice in workflow "${workflow.id}"`,
        "define a second phase with an id of its own"
      )
    }
    const onVerdict = readVerdicts(use, scope, findings)
    const guards = readSkipIf(use, scope, findings)
    if (named?.value === undefined) return []
    const { entry, tree: entryTree } = use
    const budget = readBudget(entry.budget, entryTree, findings)
    return usePhase({ id: named.id, phase: named.value, entry, entryTree, guards, onVerdict, budget }, context) ?? []
  })
}

const compileWorkflow = (
  workflow: ListedWorkflow,
  listed: ReadonlyArray<ListedPhase>,
  phases: Table<DefinedPhase>,
  context: PhaseContext
): WorkflowDefinition | undefined => {
  const { findings } = context
  const authored = findings.decode(AuthoredWorkflow, workflow.tree)
  findings.unread(workflow.tree, ["phases", ...Object.keys(AuthoredWorkflow.fields)])
  if (
    fieldOf(workflow.tree, "phases")?._tag === "List" && workflow.listed.length === 0 &&
    itemsOf(fieldOf(workflow.tree, "phases")).length === 0
  ) {
    findings.problem(placeOf(workflow.tree, ["phases"]), `workflow "${workflow.id}" has no phases`)
  }
  const variables = (authored?.variables ?? []).map((one) => ({ ...one, required: one.required ?? false }))
  const [first, ...rest] = compilePhases(workflow, listed, phases, variables.map(({ name }) => name), context)
  if (authored === undefined || first === undefined) return undefined
  variables.forEach(({ name }, index) => {
    if (variables.findIndex((other) => other.name === name) < index) {
      findings.problem(placeOf(workflow.tree, ["variables", index, "name"]), `variable "${name}" is declared twice`)
    }
  })
  return {
    id: authored.id,
    name: authored.name ?? authored.id,
    phases: [first, ...rest],
    variables,
    ...present({
      description: authored.description,
      budget: readBudget(authored.budget, workflow.tree, findings),
      worktree: readWorktree(authored.worktree, workflow.tree, findings)
    })
  }
}

const readWorkflows = (section: YamlTree | undefined, findings: Findings): Table<ListedWorkflow> =>
  new Map(
    itemsOf(section).flatMap((tree) => {
      const id = idOf(tree)
      if (tree._tag !== "Map") findings.problem(tree.at, "a workflow is a map with an id and a list of phases")
      else if (id === undefined) findings.problem(tree.at, "this workflow has no id")
      else return [[id.toLowerCase(), { id, tree, value: { id, tree, listed: readEntries(tree, findings) } }] as const]
      return []
    })
  )

const checkRefs = (root: YamlMap, workflows: Table<ListedWorkflow>, findings: Findings): void => {
  const refs = [
    fieldOf(root, "default_workflow_ref"),
    ...["schedules", "triggers"].flatMap((section) =>
      itemsOf(fieldOf(root, section)).map((item) => fieldOf(item, "workflow_ref"))
    )
  ]
  for (const ref of refs) {
    const id = textOf(ref)
    if (ref !== undefined && id !== undefined && lookUp(workflows, id) === undefined) {
      findings.missing(ref.at, "workflow", id, idsOf(workflows))
    }
  }
}

const compileRoot = (
  root: YamlMap,
  lookup: Lookup,
  prompts: Prompts,
  findings: Findings
): Omit<CompiledProject, "warnings"> => {
  const section = (key: string) => fieldOf(root, key)
  const allowlist = section("tools_allowlist")
  const own = allowlist === undefined ? [] : findings.decode(AuthoredAllowlist, allowlist) ?? []
  const programs = new Set([...builtInPrograms, ...own].map((name) => name.toLowerCase()))
  const secrets = readSecrets(section("secrets"), findings)
  checkSecrets(root, secrets, lookup, findings)
  const models = readModels(section("models"), findings)
  const daemon = readDaemon(section("daemon"), entriesOf(section("phases")).map(({ key }) => key), findings)
  const known = readServers(section("mcp_servers"), secrets, findings)
  const context = {
    agents: readAgents(section("agents"), { models, secrets, prompts, servers: known, findings }),
    servers: { known, bound: readBindings(section("phase_mcp_bindings"), known, findings) },
    programs,
    secrets,
    models,
    routing: daemon.routing,
    findings
  }
  const phases = readPhases(section("phases"), context)
  const all = readWorkflows(section("workflows"), findings)
  const expand = expander(all, findings)
  const workflows = [...all.values()].flatMap(({ value }) =>
    value === undefined ? [] : compileWorkflow(value, expand(value), phases, context) ?? []
  )
  checkRefs(root, all, findings)
  const only = workflows.length === 1 ? workflows[0]?.id : undefined
  return {
    defaultWorkflow: textOf(section("default_workflow_ref")) ?? only,
    workflows,
    triggers: readTriggers(section("triggers"), findings),
    schedules: readSchedules(section("schedules"), findings),
    activeHours: daemon.activeHours,
    executes: workflows.some(({ phases }) => phases.some(executes))
  }
}

export interface Examined {
  readonly problems: ReadonlyArray<WorkflowProblem>
  /** What the author wrote and nothing acts on, and secrets in places where they would be kept. */
  readonly warnings: ReadonlyArray<WorkflowProblem>
  /** Complete only when there are no problems. */
  readonly compiled: Omit<CompiledProject, "warnings">
}

/** `whole`: these are all the files there are. What a missing one would define is not missed. */
export const examineProject = (
  sources: ReadonlyArray<SourceFile>,
  lookup: Lookup,
  { prompts = new Map(), whole = true }: { readonly whole?: boolean; readonly prompts?: Prompts } = {}
): Examined => {
  const parsed = sources.map(({ file, text }) => parseYaml(file, text, lookup))
  const checked = parsed.flatMap(({ tree }) => tree === undefined ? [] : checkFile(tree))
  const findings = new Findings()
  const root = mergeFiles(checked.flatMap(({ sections }) => sections ?? []))
  const compiled = compileRoot(root, lookup, prompts, findings)
  const files = [...parsed, ...checked]
  return {
    problems: inOrder([
      ...files.flatMap(({ problems }) => problems),
      ...findings.problems(whole && parsed.every(({ whole }) => whole))
    ]),
    warnings: inOrder([...files.flatMap(({ warnings }) => warnings), ...findings.warnings]),
    compiled
  }
}

export const compileProject = (
  sources: ReadonlyArray<SourceFile>,
  lookup: Lookup
): Result.Result<CompiledProject, readonly [WorkflowProblem, ...ReadonlyArray<WorkflowProblem>]> => {
  const { compiled, problems: [first, ...rest], warnings } = examineProject(sources, lookup)
  return first === undefined ? Result.succeed({ ...compiled, warnings }) : Result.fail([first, ...rest])
}
