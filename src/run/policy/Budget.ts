/** What runs and phases may use up, and what happens when they do. Pure. */
import type { AgentRunResponse } from "../../../schemas/Provider.ts"
import type { Budget, Usage } from "../../../schemas/WorkflowPolicy.ts"

export const nothingUsed: Usage = { tokens: 0, cost_usd: 0 }

export const addUsage = (left: Usage, right: Usage): Usage => ({
  tokens: left.tokens + right.tokens,
  cost_usd: left.cost_usd + right.cost_usd
})

const costKeys = ["cost_usd", "total_cost_usd"]

/** Providers that know what a session cost say so in its metadata; those that do not count as free. */
const costOf = (metadata: AgentRunResponse["metadata"]): number =>
  (metadata ?? []).reduce<number>((highest, item) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return highest
    const cost = costKeys.map((key): unknown => Reflect.get(item, key)).find((one) => typeof one === "number")
    return typeof cost === "number" && Number.isFinite(cost) ? Math.max(highest, cost) : highest
  }, 0)

/** Cached tokens are part of the input as providers count it. */
export const usageOf = ({ metadata, tokens_used }: Pick<AgentRunResponse, "metadata" | "tokens_used">): Usage => ({
  tokens: (tokens_used?.input ?? 0) + (tokens_used?.output ?? 0),
  cost_usd: costOf(metadata)
})

export interface Exceeded {
  readonly action: Budget["on_exceed"]
  readonly reason: string
}

/** A limit may be reached; what goes beyond it exceeds the budget. `what` is spent by: `the run` or `phase "x"`. */
export const exceeded = (budget: Budget | undefined, used: Usage, what: string): Exceeded | undefined => {
  if (budget === undefined) return undefined
  const { max_cost_usd, max_tokens, on_exceed: action } = budget
  if (max_tokens !== undefined && used.tokens > max_tokens) {
    return { action, reason: `${what} has used ${used.tokens} tokens of ${max_tokens}` }
  }
  if (max_cost_usd !== undefined && used.cost_usd > max_cost_usd) {
    return { action, reason: `${what} has cost $${used.cost_usd.toFixed(2)} of $${max_cost_usd.toFixed(2)}` }
  }
  return undefined
}

const severity: { readonly [K in Budget["on_exceed"]]: number } = { warn: 0, pause: 1, fail: 2 }

/** Of several budgets that are exceeded at once the strictest decides. */
export const strictest = <E extends Exceeded>(found: ReadonlyArray<E | undefined>): E | undefined =>
  found.filter((one) => one !== undefined).toSorted((left, right) => severity[right.action] - severity[left.action])[0]
