/** The `evals` block of an agent phase: what has to be true of its work before the run goes on. */
import type { Evals } from "../../schemas/Workflow.ts"
import { AuthoredCheck, AuthoredEvals } from "../../schemas/WorkflowPolicyYaml.ts"
import { toolMissing } from "./Agents.ts"
import type { Findings } from "./Findings.ts"
import { escapes } from "./Paths.ts"
import type { PhaseContext } from "./PhaseContext.ts"
import { present } from "./Present.ts"
import { checkProgram } from "./Programs.ts"
import { sourcesOf } from "./Secrets.ts"
import { idsOf, lookUp } from "./Table.ts"
import { entriesOf, fieldOf, itemsOf, placeOf, type YamlTree } from "./YamlTree.ts"

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
  if (named.value === undefined) return undefined
  if (named.value.tool === undefined) return toolMissing(named, findings)
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

/** Keys of a check that only the other kind reads. */
const ofOtherKind: { readonly [K in AuthoredCheck["kind"]]: ReadonlyArray<string> } = {
  command: ["agent", "prompt"],
  llm_judge: ["command", "args", "working_dir", "expected_exit"]
}

const warnOfKeys = ({ kind }: AuthoredCheck, tree: YamlTree, findings: Findings): void => {
  findings.unread(tree, Object.keys(AuthoredCheck.fields))
  for (const { at, key } of entriesOf(tree)) {
    if (ofOtherKind[kind].includes(key)) findings.warn(at, `"${key}" has no effect in a check of kind ${kind}`)
  }
}

const warnOfReworks = (
  { max_reworks = 0, on_fail = "block" }: AuthoredEvals,
  tree: YamlTree,
  findings: Findings
): void => {
  if (on_fail === "rework" && max_reworks === 0) {
    findings.warn(
      placeOf(tree, ["on_fail"]),
      "on_fail rework without max_reworks sends nothing back",
      "add max_reworks: 1"
    )
  }
  if (on_fail === "block" && max_reworks > 0) {
    findings.warn(placeOf(tree, ["max_reworks"]), "max_reworks has no effect with on_fail block", "on_fail: rework")
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
  warnOfReworks(authored, tree ?? phase, findings)
  const seen = new Set<string>()
  const checks = authored.checks.flatMap((check, index) => {
    const at = trees[index] ?? phase
    warnOfKeys(check, at, findings)
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
