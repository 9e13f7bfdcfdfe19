/** Where the verdicts of a phase lead, as a workflow's entry says: targets that exist, guards that can be read. */
import type { Phase, VerdictRule } from "../../schemas/Workflow.ts"
import { placeOfRule, readCondition } from "./Conditions.ts"
import type { ListedPhase } from "./Entries.ts"
import type { Findings } from "./Findings.ts"
import type { GuardScope } from "./guard/Check.ts"
import { sameId } from "./Merge.ts"
import { suggest } from "./Suggest.ts"
import { fieldOf } from "./YamlTree.ts"

const followed: ReadonlySet<string> = new Set(["advance", "rework"])
const unfollowed: ReadonlySet<string> = new Set(["fail", "skip"])

type AuthoredRules = NonNullable<ListedPhase["entry"]["on_verdict"]>

const readRule = (
  use: ListedPhase,
  key: string,
  rule: AuthoredRules[string],
  scope: GuardScope,
  findings: Findings
): VerdictRule => {
  const known = (id: string, ...path: ReadonlyArray<PropertyKey>): string => {
    const found = scope.phases.find((other) => sameId(other, id))
    if (found === undefined) {
      findings.missing(placeOfRule(use, key, ...path), "phase of this workflow", id, scope.phases)
    }
    return found ?? id
  }
  const tree = fieldOf(fieldOf(fieldOf(use.tree, "on_verdict"), key), "guard")
  const guard = rule.guard === undefined ? undefined : readCondition(rule.guard, tree, scope, findings)
  return {
    ...(rule.target === undefined || rule.target === "" ? {} : { target: known(rule.target, "target") }),
    ...(guard === undefined ? {} : { guard }),
    allow_agent_target: rule.allow_agent_target ?? false,
    allowed_targets: (rule.allowed_targets ?? []).map((id, index) => known(id, "allowed_targets", index))
  }
}

const placeIn = (phases: ReadonlyArray<string>, id: string) => phases.findIndex((other) => sameId(other, id))

/** What somebody is sent back by is counted, and ends; what leads onward is not. */
const warnOfCircle = (use: ListedPhase, key: string, rule: VerdictRule, { phases }: GuardScope, findings: Findings) => {
  const { guard, target } = rule
  if (target === undefined || guard !== undefined) return
  const to = placeIn(phases, target)
  if (to < 0 || to > placeIn(phases, use.id)) return
  const message = `on_verdict.${key} leads back to "${target}" whenever it advances, and no rework budget ends that`
  findings.warn(placeOfRule(use, key, "target"), message, "guard: attempt < 3")
}

export const readVerdicts = (use: ListedPhase, scope: GuardScope, findings: Findings): Phase["on_verdict"] => {
  const rules: { -readonly [K in keyof Phase["on_verdict"]]: Phase["on_verdict"][K] } = {}
  for (const [key, rule] of Object.entries(use.entry.on_verdict ?? {})) {
    const verdict = key.toLowerCase()
    const at = placeOfRule(use, key)
    if (unfollowed.has(verdict)) findings.warn(at, `on_verdict.${key} is never followed: only advance and rework are`)
    else if (!followed.has(verdict)) {
      findings.problem(at, `"${key}" is not a verdict`, suggest(key, ["advance", "rework", "fail", "skip"]))
    } else {
      const read = readRule(use, key, rule, scope, findings)
      rules[verdict === "advance" ? "advance" : "rework"] = read
      if (verdict === "advance") warnOfCircle(use, key, read, scope, findings)
    }
  }
  return rules
}
