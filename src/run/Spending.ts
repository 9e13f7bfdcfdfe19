/** What the agents of a run have used up since a person last gave it room, and which of its budgets that exceeds. Pure. */
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import type { Usage } from "../../schemas/WorkflowPolicy.ts"
import { own } from "../workflow/Own.ts"
import { addUsage, type Exceeded, exceeded, nothingUsed, strictest } from "./policy/Budget.ts"

export interface Spending {
  readonly used: Readonly<Record<string, Usage>>
  /** Whose budget is known to be exceeded: phases, and `undefined` for the run. */
  readonly told: ReadonlyArray<string | undefined>
  /** The run was paused for it. */
  readonly held: boolean
}

const nothingSpent: Spending = { used: {}, told: [], held: false }

const used = (before: Spending, phase: string, usage: Usage | undefined): Spending =>
  usage === undefined
    ? before
    : { ...before, used: { ...before.used, [phase]: addUsage(own(before.used, phase) ?? nothingUsed, usage) } }

/** Who resumes a run that its budget paused, or retries one that it failed, grants it all of it anew. */
export const spend = (before: Spending = nothingSpent, event: RunEvent): Spending => {
  switch (event._tag) {
    case "PhaseCompleted":
    case "PhaseFailed":
    case "RateLimited":
    case "GateOpened":
    case "RecoveryDecided":
      return used(before, event.phase, event.usage)
    case "BudgetExceeded":
      return { ...before, told: [...before.told, event.phase], held: before.held || event.action === "pause" }
    case "RunResumed":
      return before.held ? nothingSpent : before
    case "RunRetried":
      return nothingSpent
    default:
      return before
  }
}

interface Spent {
  readonly definition: WorkflowDefinition
  readonly spending?: Spending | undefined
}

export interface OverBudget extends Exceeded {
  /** Absent for the budget of the run. */
  readonly phase?: string
}

/** What nobody was told of yet; of several the strictest. */
export const overBudget = ({ definition, spending = nothingSpent }: Spent): OverBudget | undefined => {
  const all = Object.values(spending.used).reduce(addUsage, nothingUsed)
  const run: OverBudget | undefined = exceeded(definition.budget, all, "the run")
  const phases = definition.phases.map(({ budget, id }): OverBudget | undefined => {
    const found = exceeded(budget, own(spending.used, id) ?? nothingUsed, `phase "${id}"`)
    return found && { ...found, phase: id }
  })
  return strictest([run, ...phases].filter((one) => !spending.told.includes(one?.phase)))
}
