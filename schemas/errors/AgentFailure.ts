/** Why a session of an agent did not come to an answer, as it travels to whoever launched it and back. */
import { Schema } from "effect"
import { InvalidInput } from "./DaemonErrors.ts"
import { LockMismatch, PluginNotLocked } from "./LockErrors.ts"
import {
  ConnectionLost,
  FrameTooLarge,
  HandshakeFailed,
  MethodNotSupported,
  PluginCrashed,
  PluginNotFound,
  PluginRefused,
  ProtocolMismatch,
  ProviderMissing,
  RequestTimedOut,
  RestartBudgetExhausted,
  TooManyPlugins
} from "./PluginErrors.ts"

export const AgentFailure = Schema.Union([
  ConnectionLost,
  RequestTimedOut,
  PluginCrashed,
  RestartBudgetExhausted,
  HandshakeFailed,
  ProtocolMismatch,
  PluginRefused,
  MethodNotSupported,
  FrameTooLarge,
  LockMismatch,
  PluginNotFound,
  PluginNotLocked,
  ProviderMissing,
  TooManyPlugins,
  InvalidInput
])
export type AgentFailure = typeof AgentFailure.Type
