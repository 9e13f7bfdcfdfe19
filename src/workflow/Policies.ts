/** Budgets, worktrees, delays and tool policies as they are written, checked and brought to their compiled form. */
import type { Backoff, Budget, ToolPolicy, Worktree } from "../../schemas/WorkflowPolicy.ts"
import { AuthoredBudget, AuthoredToolPolicy, type AuthoredWorktree } from "../../schemas/WorkflowPolicyYaml.ts"
import type { AuthoredPhase } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { fieldOf, type YamlTree } from "./YamlTree.ts"

/** `tree` is what has the budget as its field. */
export const readBudget = (
  authored: AuthoredBudget | undefined,
  tree: YamlTree,
  findings: Findings
): Budget | undefined => {
  if (authored === undefined) return undefined
  const block = fieldOf(tree, "budget")
  findings.unread(block, Object.keys(AuthoredBudget.fields))
  if (authored.max_tokens === undefined && authored.max_cost_usd === undefined) {
    return findings.problem(block?.at ?? tree.at, "this budget limits nothing", "give max_tokens, max_cost_usd or both")
  }
  return { ...authored, on_exceed: authored.on_exceed ?? "pause" }
}

export const readWorktree = (
  authored: AuthoredWorktree | undefined,
  tree: YamlTree,
  findings: Findings
): Worktree | undefined => {
  if (authored === undefined) return undefined
  findings.unread(fieldOf(tree, "worktree"), ["mode", "cleanup", "base_ref"])
  if (typeof authored === "string") return { mode: authored, cleanup: true }
  if (typeof authored === "boolean") return { mode: authored ? "auto" : "skip", cleanup: true }
  const { base_ref, cleanup = true, mode = "auto" } = authored
  if (mode === "skip" && base_ref !== undefined) {
    findings.warn(fieldOf(tree, "worktree")?.at ?? tree.at, "base_ref has no effect where no worktree is made")
  }
  return { mode, cleanup, ...(base_ref === undefined ? {} : { base_ref }) }
}

export const readBackoff = (phase: AuthoredPhase, tree: YamlTree, findings: Findings): Backoff | undefined => {
  const retry = fieldOf(tree, "retry")
  findings.unread(retry, ["max_attempts", "backoff"])
  findings.unread(fieldOf(retry, "backoff"), ["initial_secs", "factor", "max_secs"])
  const backoff = phase.retry?.backoff
  return backoff && { ...backoff, factor: backoff.factor ?? 1 }
}

export const readToolPolicy = (
  authored: typeof AuthoredToolPolicy.Type | undefined,
  tree: YamlTree,
  findings: Findings
): ToolPolicy | undefined => {
  findings.unread(fieldOf(tree, "tool_policy"), Object.keys(AuthoredToolPolicy.fields))
  return authored && { allow: authored.allow ?? [], deny: authored.deny ?? [] }
}
