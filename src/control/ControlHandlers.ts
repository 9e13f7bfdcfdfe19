/** Every handler of the control surface. */
import { Layer } from "effect"
import { AgentHandlers } from "./handlers/AgentHandlers.ts"
import { DaemonHandlers } from "./handlers/DaemonHandlers.ts"
import { PluginHandlers } from "./handlers/PluginHandlers.ts"
import { QueueHandlers } from "./handlers/QueueHandlers.ts"
import { SubjectHandlers } from "./handlers/SubjectHandlers.ts"
import { WorkflowHandlers } from "./handlers/WorkflowHandlers.ts"

export const ControlHandlers = Layer.mergeAll(
  AgentHandlers,
  DaemonHandlers,
  PluginHandlers,
  QueueHandlers,
  SubjectHandlers,
  WorkflowHandlers
)
