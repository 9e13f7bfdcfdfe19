/** Why a provider did not carry an attempt out, in the words of `retry_on` and `no_retry_on`. Pure. */
import type { FailureToken } from "../../../schemas/WorkflowPolicy.ts"
import type { AgentError } from "../../agent/AgentSession.ts"

export const failureOf = (error: AgentError): FailureToken => {
  switch (error._tag) {
    case "ConnectionLost":
    case "PluginCrashed":
      return "transient"
    case "PluginRefused":
      return error.category === "unavailable" ? "transient" : "unknown"
    case "ProviderMissing":
    case "PluginNotFound":
    case "PluginNotLocked":
    case "LockMismatch":
    case "RestartBudgetExhausted":
    case "HandshakeFailed":
    case "ProtocolMismatch":
      return "target_unavailable"
    default:
      return "unknown"
  }
}
