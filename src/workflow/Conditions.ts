/** The conditions of a phase entry: `skip_if`, and the `guard` of a verdict rule. */
import { Result } from "effect"
import type { Guard } from "../../schemas/Workflow.ts"
import type { ListedPhase } from "./Entries.ts"
import type { Findings } from "./Findings.ts"
import { checkGuard, type GuardScope } from "./guard/Check.ts"
import { placeInside } from "./ScalarPlaces.ts"
import { fieldOf, itemsOf, placeOf, type YamlTree } from "./YamlTree.ts"

/** Undefined when it cannot be read; that has been told by then. */
export const readCondition = (
  text: string,
  tree: YamlTree | undefined,
  scope: GuardScope,
  findings: Findings
): Guard | undefined => {
  const checked = checkGuard(text, scope)
  if (tree === undefined) return undefined
  if (Result.isFailure(checked)) {
    const { at, hint, message } = checked.failure
    return findings.problem(placeInside(tree, at), message, hint)
  }
  for (const { at, hint, message } of checked.success.warnings) findings.warn(placeInside(tree, at), message, hint)
  return checked.success.guard
}

export const readSkipIf = (use: ListedPhase, scope: GuardScope, findings: Findings): ReadonlyArray<Guard> => {
  const written = itemsOf(fieldOf(use.tree, "skip_if"))
  return (use.entry.skip_if ?? []).flatMap((text, index) => readCondition(text, written[index], scope, findings) ?? [])
}

export const placeOfRule = (use: ListedPhase, ...path: ReadonlyArray<PropertyKey>) =>
  placeOf(use.tree, ["on_verdict", ...path])
