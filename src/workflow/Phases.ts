/** Phases as they are defined, checked once each, and as a workflow uses them: complete, with nothing left to look up. */
import { Result } from "effect"
import type { CommandPhase, DecisionContract, Guard, OutputContract, Phase } from "../../schemas/Workflow.ts"
import type { Backoff, Budget, ToolPolicy, Worktree } from "../../schemas/WorkflowPolicy.ts"
import { AuthoredRuntime } from "../../schemas/WorkflowPolicyYaml.ts"
import {
  AuthoredCommand,
  AuthoredContract,
  type AuthoredEntry,
  AuthoredManual,
  AuthoredOutput,
  AuthoredPhase
} from "../../schemas/WorkflowYaml.ts"
import { type Agent, toolMissing, toolOfModel } from "./Agents.ts"
import { readDecisionContract, readOutput } from "./Contracts.ts"
import { readEvals } from "./Evals.ts"
import type { Findings } from "./Findings.ts"
import { serversOf } from "./McpServers.ts"
import { own } from "./Own.ts"
import { escapes } from "./Paths.ts"
import type { PhaseContext } from "./PhaseContext.ts"
import { readBackoff, readBudget, readToolPolicy, readWorktree } from "./Policies.ts"
import { present } from "./Present.ts"
import { basename, checkProgram } from "./Programs.ts"
import { modelOf, readRuntime } from "./Runtime.ts"
import { sourcesOf } from "./Secrets.ts"
import { idsOf, lookUp, type Table, tableOf } from "./Table.ts"
import { entriesOf, entryOf, fieldOf, isNull, placeOf, type YamlTree } from "./YamlTree.ts"

const checkMode = (phase: AuthoredPhase, tree: YamlTree, { findings }: PhaseContext): void => {
  for (const block of ["command", "manual"] as const) {
    const entry = entryOf(tree, block)
    const present = entry !== undefined && !isNull(entry.value)
    if (phase.mode === block && !present) findings.problem(tree.at, `a phase of mode ${block} has a ${block} block`)
    if (phase.mode !== block && present) {
      findings.problem(entry.at, `this phase is of mode ${phase.mode}: its ${block} block would never be used`)
    }
  }
  const named = entryOf(tree, "agent") ?? entryOf(tree, "agent_id")
  if (phase.mode !== "agent" && named !== undefined) {
    findings.problem(named.at, `this phase is of mode ${phase.mode}: its agent would never be used`)
  }
}

const checkCommand = (phase: AuthoredPhase, tree: YamlTree, context: PhaseContext): void => {
  const { findings } = context
  const { command } = phase
  if (phase.mode !== "command" || command === undefined) return
  const at = (...path: ReadonlyArray<string>) => placeOf(tree, ["command", ...path])
  if (basename(command.program).trim() === "") findings.problem(at("program"), "command.program is empty")
  else checkProgram(command.program, at("program"), context)
  if (command.success_exit_codes?.length === 0) {
    findings.problem(at("success_exit_codes"), "success_exit_codes is empty: the command could never succeed")
  }
  const { failure_pattern: pattern } = command
  if (pattern !== undefined && Result.isFailure(Result.try(() => new RegExp(pattern, "u")))) {
    findings.problem(at("failure_pattern"), "command.failure_pattern is not a regular expression")
  }
  if (command.cwd_mode === "path" && command.cwd_path === undefined) {
    findings.problem(at(), "cwd_mode is path, and cwd_path is missing")
  }
  if (command.cwd_path !== undefined && command.cwd_mode !== undefined && command.cwd_mode !== "path") {
    findings.warn(at("cwd_path"), `cwd_path has no effect with cwd_mode ${command.cwd_mode}`, "cwd_mode: path")
  }
  if (command.cwd_path !== undefined && escapes(command.cwd_path)) {
    findings.problem(
      at("cwd_path"),
      `cwd_path "${command.cwd_path}" leaves the project`,
      "write a path relative to the project root, without .."
    )
  }
}

const checkAgent = (phase: AuthoredPhase, tree: YamlTree, context: PhaseContext): void => {
  if (phase.mode !== "agent") return
  const written = phase.agent ?? phase.agent_id
  if (written === undefined) {
    if (phase.runtime?.tool !== undefined || toolOfNamed(phase.runtime?.model, context) !== undefined) return
    return context.findings.problem(
      tree.at,
      "a phase of mode agent names its agent",
      "or what it works with: runtime: { tool: <provider> }"
    )
  }
  checkAgentRef(written, placeOf(tree, [phase.agent === undefined ? "agent_id" : "agent"]), phase, context)
}

const toolOfNamed = (model: string | undefined, { models }: PhaseContext): string | undefined => {
  const named = model === undefined ? undefined : modelOf(model, models)
  return named && (named.tool ?? toolOfModel(named.model))
}

/** Who works in a phase that says with what, and not who. */
const nobody = (id: string): Agent => ({
  id,
  authored: {},
  tool: undefined,
  model: undefined,
  launch: undefined,
  toolPolicy: undefined
})

const checkAgentRef = (
  written: string,
  at: YamlTree["at"],
  phase: Pick<AuthoredPhase, "runtime">,
  { agents, findings }: PhaseContext
): void => {
  const named = lookUp(agents, written)
  if (named === undefined) return findings.missing(at, "agent", written, idsOf(agents))
  if (named.value !== undefined && named.value.tool === undefined && phase.runtime?.tool === undefined) {
    toolMissing(named, findings)
  }
}

/** A phase as it is written, its contracts as they are enforced. */
export interface DefinedPhase
  extends Omit<AuthoredPhase, "decision_contract" | "output_contract" | "budget" | "worktree" | "tool_policy">
{
  readonly tree: YamlTree
  readonly decision_contract: DecisionContract | undefined
  readonly output: OutputContract | undefined
  readonly budget: Budget | undefined
  readonly worktree: Worktree | undefined
  readonly backoff: Backoff | undefined
  readonly tool_policy: ToolPolicy | undefined
}

/** Blocks and the modes in which something reads them. */
const appliesTo: { readonly [key: string]: ReadonlyArray<AuthoredPhase["mode"]> } = {
  directive: ["agent"],
  system_prompt: ["agent"],
  runtime: ["agent"],
  decision_contract: ["agent"],
  output_contract: ["agent", "command"],
  output_json_schema: ["agent", "command"],
  budget: ["agent"],
  evals: ["agent"],
  tool_policy: ["agent"],
  capabilities: ["agent"]
}

const checkApplies = ({ mode }: AuthoredPhase, tree: YamlTree, findings: Findings): void => {
  for (const { at, key } of entriesOf(tree)) {
    if (own(appliesTo, key)?.includes(mode) === false) {
      findings.warn(at, `"${key}" has no effect in a phase of mode ${mode}`)
    }
  }
}

export const readPhases = (section: YamlTree | undefined, context: PhaseContext): Table<DefinedPhase> =>
  tableOf(section, (tree) => {
    const { findings } = context
    const phase = findings.decode(AuthoredPhase, tree)
    if (phase === undefined) return undefined
    findings.unread(tree, Object.keys(AuthoredPhase.fields))
    const blocks = {
      command: AuthoredCommand,
      manual: AuthoredManual,
      runtime: AuthoredRuntime,
      decision_contract: AuthoredContract,
      output_contract: AuthoredOutput
    }
    for (const [block, schema] of Object.entries(blocks)) {
      findings.unread(fieldOf(tree, block), Object.keys(schema.fields))
    }
    findings.unread(fieldOf(tree, "capabilities"), ["requires_commit"])
    checkApplies(phase, tree, findings)
    checkMode(phase, tree, context)
    checkCommand(phase, tree, context)
    checkAgent(phase, tree, context)
    if (phase.mode === "manual" && phase.manual?.instructions.trim() === "") {
      findings.problem(
        placeOf(tree, ["manual", "instructions"]),
        "manual.instructions is empty: say what is to be decided"
      )
    }
    return {
      ...phase,
      tree,
      decision_contract: readDecisionContract(phase, tree, findings),
      output: readOutput(phase, tree, findings),
      budget: readBudget(phase.budget, tree, findings),
      worktree: readWorktree(phase.worktree, tree, findings),
      backoff: readBackoff(phase, tree, findings),
      tool_policy: readToolPolicy(phase.tool_policy, tree, findings)
    }
  })

/** What a workflow adds to the phases it uses. */
export interface Use {
  readonly id: string
  readonly phase: DefinedPhase
  readonly entry: AuthoredEntry
  readonly entryTree: YamlTree
  readonly guards: ReadonlyArray<Guard>
  readonly budget: Budget | undefined
  readonly onVerdict: Phase["on_verdict"]
}

const categoryOf = (id: string, program: string): CommandPhase["category"] =>
  (["test", "lint", "build"] as const).find((word) => `${id} ${program}`.toLowerCase().includes(word)) ?? "command"

const fieldsOf = ({ budget, entry, guards, id, onVerdict, phase }: Use) => ({
  id,
  idempotency: phase.idempotency ?? "unknown" as const,
  max_rework_attempts: entry.max_rework_attempts ?? phase.retry?.max_attempts ?? 3,
  skip_if: guards,
  on_verdict: onVerdict,
  ...present({ budget: budget ?? phase.budget, worktree: phase.worktree, backoff: phase.backoff })
})

const commandPhase = (use: Use, { secrets }: PhaseContext): Phase | undefined => {
  const { command } = use.phase
  return command && {
    ...fieldsOf(use),
    mode: "command",
    program: command.program,
    args: command.args ?? [],
    env: command.env ?? {},
    cwd: command.cwd_mode === "path" || command.cwd_mode === undefined ? command.cwd_path ?? "." : ".",
    timeout_secs: command.timeout_secs ?? 600,
    success_exit_codes: command.success_exit_codes ?? [0],
    on_success_verdict: command.on_success_verdict ?? "advance",
    on_failure_verdict: command.on_failure_verdict ?? "rework",
    parse_json_output: command.parse_json_output ?? false,
    category: command.category ?? categoryOf(use.id, command.program),
    excerpt_max_chars: command.excerpt_max_chars ?? 800,
    ...present({
      output: use.phase.output,
      failure_pattern: command.failure_pattern,
      confidence: command.confidence,
      failure_risk: command.failure_risk
    }),
    ...sourcesOf([...command.args ?? [], ...Object.values(command.env ?? {})], secrets)
  }
}

const manualPhase = (use: Use): Phase | undefined => {
  const { manual } = use.phase
  return manual && {
    ...fieldsOf(use),
    mode: "manual",
    instructions: manual.instructions,
    approval_note_required: manual.approval_note_required ?? false,
    ...(manual.timeout_secs === undefined ? {} : { timeout_secs: manual.timeout_secs })
  }
}

/** Strongest first: the project's routing of phases, the phase, its agent. A model that is named brings its tool along. */
const targetOf = (use: Use, agent: Agent, context: PhaseContext) => {
  const { models, routing } = context
  const { runtime = {} } = use.phase
  const routed = routing.get(use.id.toLowerCase()) ?? {}
  const named = routed.model ?? runtime.model
  const chosen = named === undefined ? undefined : modelOf(named, models)
  const fits = chosen && (chosen.tool ?? (agent.tool === undefined ? toolOfModel(chosen.model) : undefined))
  return {
    tool: routed.tool ?? toolOfNamed(routed.model, context) ?? runtime.tool ?? fits ?? agent.tool,
    model: chosen?.model ?? agent.model
  }
}

const agentPhase = (use: Use, context: PhaseContext): Phase | undefined => {
  const { entry, phase } = use
  const named = entry.agent ?? phase.agent ?? phase.agent_id
  const agent = named === undefined ? nobody(use.id) : lookUp(context.agents, named)?.value
  const evals = readEvals(phase.evals, phase.tree, context)
  if (agent === undefined) return undefined
  const { model, tool } = targetOf(use, agent, context)
  if (tool === undefined) return undefined
  return {
    ...fieldsOf(use),
    mode: "agent",
    agent: agent.id,
    tool,
    timeout_secs: phase.runtime?.timeout_secs ?? agent.authored.timeout_secs ?? 1800,
    max_attempts: phase.runtime?.max_attempts ?? agent.authored.max_attempts ?? 3,
    ...present({
      model,
      directive: phase.directive,
      system_prompt: entry.system_prompt_override ?? entry.system_prompt ?? phase.system_prompt ??
        agent.authored.system_prompt,
      launch: agent.launch,
      decision_contract: phase.decision_contract,
      output: phase.output,
      runtime: readRuntime(phase.runtime ?? {}, agent.authored, context.models),
      tool_policy: phase.tool_policy ?? agent.toolPolicy,
      mcp_servers: serversOf(context.servers, use.id, agent.authored.mcp_servers),
      requires_commit: phase.capabilities?.["requires_commit"],
      evals
    })
  }
}

/** Undefined when a part is wrong; that has been told by then. */
export const usePhase = (use: Use, context: PhaseContext): Phase | undefined => {
  const { entry, entryTree, phase } = use
  if (entry.agent !== undefined) {
    const at = placeOf(entryTree, ["agent"])
    if (phase.mode === "agent") checkAgentRef(entry.agent, at, phase, context)
    else context.findings.problem(at, `phase "${use.id}" is of mode ${phase.mode}: its agent would never be used`)
  }
  if (phase.mode === "command") return commandPhase(use, context)
  return phase.mode === "manual" ? manualPhase(use) : agentPhase(use, context)
}
