/** How an action is written down that takes nothing but words. Pure. */
import { DateTime } from "effect"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { Action } from "./Decide.ts"
import { gateAnswered, gateConcluded, gateOpened } from "./phases/ManualPhase.ts"

/** All but what is performed, waited for, or begun with something that only the world has. */
type Worded = Exclude<
  Action,
  { readonly _tag: "AwaitGate" | "Execute" | "Idle" | "PerformPhase" | "Sleep" | "StartPhase" | "Wake" }
>

export const wordsOf = (action: Worded): RunEvent => {
  switch (action._tag) {
    case "OpenGate":
      return gateOpened(action)
    case "ExpireGate":
      return gateAnswered(action.gate, { approved: false, note: action.note })
    case "ConcludeGate":
      return gateConcluded(action)
    case "SkipPhase":
      return { _tag: "PhaseSkipped", phase: action.phase, guard: action.guard }
    case "DelayRework": {
      const { phase, reason, until } = action
      return { _tag: "ReworkDelayed", phase, reason, until: DateTime.formatIso(DateTime.makeUnsafe(until)) }
    }
    case "ExceedBudget": {
      const { action: what, phase, reason } = action
      return { _tag: "BudgetExceeded", action: what, reason, ...(phase === undefined ? {} : { phase }) }
    }
    case "Complete":
      return { _tag: "RunCompleted", reason: action.reason }
    case "Fail":
      return { _tag: "RunFailed", reason: action.reason }
    case "Escalate":
      return { _tag: "RunEscalated", reason: action.reason }
    case "Cancel":
      return { _tag: "RunCancelled", reason: action.reason }
  }
}
