/**
 * What a runner of ours is asked to do for one phase: start one command or one agent, say what is heard of it, and tell how
 * it ended. Secrets are names in here: their values are looked up where the process is started.
 */
import { Schema } from "effect"
import { AgentFailure } from "./errors/AgentFailure.ts"
import { SessionId } from "./Ids.ts"
import { AgentRunRequest, AgentRunResponse } from "./Provider.ts"
import { SecretSource } from "./Workflow.ts"

const Texts = Schema.Record(Schema.String, Schema.String)

/** Arguments and environment as the workflow has them, with the values that `{{name}}` stands for in `values`. */
export const CommandLaunch = Schema.TaggedStruct("Command", {
  program: Schema.String,
  args: Schema.Array(Schema.String),
  env: Texts,
  secrets: Schema.optionalKey(Schema.Record(Schema.String, SecretSource)),
  /** Absolute, and checked: a folder inside the project. */
  cwd: Schema.String,
  values: Texts,
  /** The daemon ends it then. */
  timeout_secs: Schema.Int
})
export type CommandLaunch = typeof CommandLaunch.Type

/** The session is the daemon's own, which dispatches it when it is asked to on its control socket. */
export const AgentLaunch = Schema.Struct({
  session: SessionId,
  tool: Schema.String,
  /** The provider's own session to go on with. */
  resume: Schema.optionalKey(Schema.String),
  request: AgentRunRequest,
  owner: Schema.optionalKey(Schema.String)
})
export type AgentLaunch = typeof AgentLaunch.Type

const LaunchedAgent = Schema.TaggedStruct("Agent", { ...AgentLaunch.fields, control_socket: Schema.String })

export const PhaseLaunch = Schema.Union([CommandLaunch, LaunchedAgent])
export type PhaseLaunch = typeof PhaseLaunch.Type

/** A frame of an agent, as its provider sent it. */
export const AgentFrame = Schema.Struct({ method: Schema.String, params: Schema.optionalKey(Schema.Unknown) })
export type AgentFrame = typeof AgentFrame.Type

/** What is heard of a command: that its program runs, and what it prints. */
export const CommandSaid = Schema.Union([
  Schema.TaggedStruct("Spawned", {}),
  Schema.TaggedStruct("Printed", { text: Schema.String })
])
export type CommandSaid = typeof CommandSaid.Type

/** Params of `workflow/phase_output`; `launch` is the name that the request gave. */
export const PhaseOutput = Schema.Struct({
  launch: Schema.String,
  frames: Schema.optionalKey(Schema.Array(AgentFrame)),
  said: Schema.optionalKey(Schema.Array(CommandSaid))
})
export type PhaseOutput = typeof PhaseOutput.Type

export const PHASE_OUTPUT = "workflow/phase_output"

/** What is kept of what a command printed: its beginning, its end, and how much is missing between them. */
export const Captured = Schema.Struct({ head: Schema.String, tail: Schema.String, dropped: Schema.Natural })
export type Captured = typeof Captured.Type

export const CommandEnded = Schema.TaggedStruct("CommandEnded", { exit_code: Schema.Int, output: Captured })
export type CommandEnded = typeof CommandEnded.Type

export const AgentEnded = Schema.TaggedStruct("AgentEnded", { response: AgentRunResponse })
/** For the reason that the daemon would have met without a runner. */
export const AgentFailed = Schema.TaggedStruct("AgentFailed", { error: AgentFailure })

/** What a session says on the control socket, and last how it ended. */
export const AgentHeard = Schema.Union([
  Schema.TaggedStruct("Frames", { frames: Schema.Array(AgentFrame) }),
  AgentEnded,
  AgentFailed
])
export type AgentHeard = typeof AgentHeard.Type

export const LaunchEnded = Schema.Union([
  CommandEnded,
  Schema.TaggedStruct("CommandNotRun", { detail: Schema.String }),
  AgentEnded,
  AgentFailed
])
export type LaunchEnded = typeof LaunchEnded.Type
