/** What the checks of an agent phase come to. Pure. */
import type { Evals } from "../../../schemas/Workflow.ts"
import type { CheckResult } from "../../../schemas/WorkflowPolicy.ts"

export type EvalOutcome =
  | { readonly _tag: "Passed" }
  | { readonly _tag: "Rework" | "Block"; readonly reason: string }

/** A judge passes with its first word and nothing else. */
export const judgePassed = (answer: string): boolean => /^\s*PASS\b/.test(answer)

/**
 * `reworks`: how often this phase was sent back by its checks already. A check without a result has not passed. Nobody is sent
 * back only because a judge could not be asked: whether the work stands is for a person then.
 */
export const evalOutcome = (evals: Evals, results: ReadonlyArray<CheckResult>, reworks: number): EvalOutcome => {
  const failed = evals.checks.flatMap(({ id }) => {
    const result = results.find((one) => one.id === id)
    return result?.passed === true ? [] : [result === undefined ? `${id}: no result` : `${id}: ${result.said}`]
  })
  const total = evals.checks.length
  const share = (total - failed.length) / total
  if (share >= evals.pass_threshold) return { _tag: "Passed" }
  const reason = `${total - failed.length} of ${total} checks passed; not these:\n${failed.join("\n")}`
  const unanswered = results.filter((result) => result.unanswered).length
  const isKnown = share + unanswered / total < evals.pass_threshold
  return { _tag: isKnown && evals.on_fail === "rework" && reworks < evals.max_reworks ? "Rework" : "Block", reason }
}
