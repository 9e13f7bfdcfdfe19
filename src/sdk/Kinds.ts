/** The kinds that are a table of methods and nothing else. */
import { DurableStoreMethods } from "../../schemas/DurableStore.ts"
import { MemoryStoreMethods } from "../../schemas/MemoryStore.ts"
import { NotifierMethods } from "../../schemas/Notifier.ts"
import { QueueMethods } from "../../schemas/QueueStore.ts"
import { WorkflowRunnerMethods } from "../../schemas/WorkflowRunner.ts"
import { kind } from "./Kind.ts"

export const notifier = kind(NotifierMethods)

export const queue = kind(QueueMethods, { needsProject: true, listedAs: { kind: "queue", version: "0.3.2" } })

export const durableStore = kind(DurableStoreMethods, {
  needsProject: true,
  listedAs: { kind: "durable_store", version: "0.1.0" }
})

export const memoryStore = kind(MemoryStoreMethods, {
  needsProject: true,
  listedAs: { kind: "memory_store", version: "0.1.0" }
})

export const workflowRunner = kind(WorkflowRunnerMethods, {
  needsProject: true,
  detached: ["workflow/execute", "workflow/run_phase"],
  listedAs: { kind: "workflow_runner", version: "0.2.0" }
})
