/** The `evals` block of an agent phase: what has to be true of its work before the run goes on. */
import type { Evals } from "../../schemas/Workflow.ts"
import { AuthoredCheck, AuthoredEvals } from "../../schemas/WorkflowPolicyYaml.ts"
import type { PhaseContext } from "./PhaseContext.ts"
import { present } from "./Present.ts"
import { checkProgram, escapes } from "./Programs.ts"
import { sourcesOf } from "./Secrets.ts"
import { idsOf, lookUp } from "./Table.ts"
import { fieldOf, itemsOf, placeOf, type YamlTree } from "./YamlTree.ts"

type Check = Evals["checks"][number]

const commandCheck = (check: AuthoredCheck, tree: YamlTree, context: PhaseContext): Check | undefined => {
  const { findings } = context
  const { args = [], command, id, working_dir = "." } = check
  if (command === undefined) return findings.problem(tree.at, `check "${id}" of kind command names no command`)
  checkProgram(command, placeOf(tree, ["command"]), context)
  if (escapes(working_dir)) {
    findings.problem(placeOf(tree, ["working_dir"]), `working_dir "${working_dir}" leaves the project`)
  }
  return {
    id,
    kind: "command",
    command,
    args,
    working_dir,
    timeout_secs: check.timeout_secs ?? 300,
    expected_exit: check.expected_exit ?? 0,
    ...sourcesOf(args, context.secrets)
  }
}

const judgeCheck = (check: AuthoredCheck, tree: YamlTree, { agents, findings }: PhaseContext): Check | undefined => {
  const { id, prompt } = check
  if (prompt === undefined || check.agent === undefined) {
    return findings.problem(tree.at, `check "${id}" of kind llm_judge needs an agent and a prompt`)
  }
  const named = lookUp(agents, check.agent)
  if (named === undefined) return findings.missing(placeOf(tree, ["agent"]), "agent", check.agent, idsOf(agents))
  if (named.value?.tool === undefined) return undefined
  const { authored, launch, model, tool } = named.value
  return {
    id,
    kind: "llm_judge",
    prompt,
    timeout_secs: check.timeout_secs ?? 300,
    agent: named.id,
    tool,
    ...present({ model, launch, system_prompt: authored.system_prompt })
  }
}

export const readEvals = (
  authored: AuthoredEvals | undefined,
  phase: YamlTree,
  context: PhaseContext
): Evals | undefined => {
  if (authored === undefined) return undefined
  const { findings } = context
  const tree = fieldOf(phase, "evals")
  findings.unread(tree, Object.keys(AuthoredEvals.fields))
  const trees = itemsOf(fieldOf(tree, "checks"))
  const seen = new Set<string>()
  const checks = authored.checks.flatMap((check, index) => {
    const at = trees[index] ?? phase
    findings.unread(at, Object.keys(AuthoredCheck.fields))
    if (seen.has(check.id)) findings.problem(at.at, `check "${check.id}" is defined twice`)
    seen.add(check.id)
    return (check.kind === "command" ? commandCheck(check, at, context) : judgeCheck(check, at, context)) ?? []
  })
  const [first, ...rest] = checks
  if (authored.checks.length === 0) findings.problem(tree?.at ?? phase.at, "evals without checks judge nothing")
  if (first === undefined) return undefined
  return {
    pass_threshold: authored.pass_threshold ?? 1,
    on_fail: authored.on_fail ?? "block",
    max_reworks: authored.max_reworks ?? 0,
    checks: [first, ...rest]
  }
}
