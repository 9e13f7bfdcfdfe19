/**
 * What plugin authors write with: say who the plugin is and what it serves, and `serve` is the program.
 *
 * Platform-free: on Node give it `NodeStdio.layer` and run it with `NodeRuntime.runMain`. `run` hosts the same plugin behind
 * any two pipes, without a process.
 */
export type { Backend, KindOptions } from "./Kind.ts"
export { durableStore, memoryStore, notifier, queue, workflowRunner } from "./Kinds.ts"
export { logStorage, type LogStorageBackend, type LogStorageOptions } from "./LogStorage.ts"
export { type Host, type Method, type Methods, methods, type Part } from "./Part.ts"
export { definePlugin, type Plugin } from "./Plugin.ts"
export { PluginFailure } from "./PluginFailure.ts"
export { type AgentSession, provider, type ProviderOptions } from "./Provider.ts"
export type { AgentReply } from "./Questions.ts"
export { type PluginEnd, run } from "./Run.ts"
export { serve, StartedByHand } from "./Serve.ts"
export { type SubjectBackend, subjectBackend, type SubjectBackendOptions } from "./SubjectBackend.ts"
export { type Tool, tools } from "./Tools.ts"
export { transport, type TransportBackend, type TransportOptions } from "./Transport.ts"
export {
  type TriggerBackend,
  triggerBackend,
  type TriggerBackendOptions,
  type TriggerEventInput
} from "./TriggerBackend.ts"
