/**
 * What plugin authors write with: say who the plugin is and what it serves, and `serve` is the program.
 *
 * Platform-free: on Node give it `NodeStdio.layer` and run it with `NodeRuntime.runMain`. `run` hosts the same plugin behind
 * any two pipes, without a process.
 */
export { definePlugin, type Host, type Method, type Methods, methods, type Part, type Plugin } from "./Plugin.ts"
export { PluginFailure } from "./PluginFailure.ts"
export { type AgentSession, provider, type ProviderOptions } from "./Provider.ts"
export { type PluginEnd, run } from "./Run.ts"
export { serve, StartedByHand } from "./Serve.ts"
export { type SubjectBackend, subjectBackend, type SubjectBackendOptions } from "./SubjectBackend.ts"
