/**
 * Who performs what a phase launches: this process, or a runner of its own. It only performs: the daemon keeps the records,
 * asks the questions and decides. Interrupting ends what was launched and returns when that has ended.
 */
import { Context, type Effect, Schema } from "effect"
import type { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { PluginError, SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { RunId, SessionId } from "../../schemas/Ids.ts"
import type { CommandEnded, CommandLaunch, CommandSaid } from "../../schemas/PhaseLaunch.ts"
import type { AgentRunResponse } from "../../schemas/Provider.ts"
import type { AgentError, AgentSession } from "../agent/AgentSessions.ts"
import type { RunState } from "./RunState.ts"

/** For which attempt of which run something is launched. */
export interface LaunchedFor {
  readonly run: RunId
  readonly workflow: string
  readonly phase: string
  readonly attempt: number
  readonly subject: { readonly id: string; readonly title: string; readonly description: string }
}

export const launchedFor = (
  { definition, dispatch, head, subject }: RunState,
  { attempt, phase }: { readonly attempt: number; readonly phase: string }
): LaunchedFor => {
  const { description = "", id, title = "" } = subject ?? dispatch.subject
  return { run: head.run, workflow: definition.id, phase, attempt, subject: { id, title, description } }
}

/** The program could not be started, or what it needs could not be found. */
export class CommandNotRun extends Schema.TaggedError<CommandNotRun>()("CommandNotRun", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** Hears of a command in order; it is held back while this runs. */
export type CommandHeard = (said: ReadonlyArray<CommandSaid>) => Effect.Effect<void>

export class PhaseRunner extends Context.Service<PhaseRunner, {
  readonly agent: (of: LaunchedFor, session: AgentSession) => Effect.Effect<AgentRunResponse, AgentError>
  readonly command: (
    of: LaunchedFor,
    launch: CommandLaunch,
    heard: CommandHeard
  ) => Effect.Effect<CommandEnded, CommandNotRun | PluginError | InvalidInput>
  /** That this session may be dispatched for a runner: it was asked for it, and each one is dispatched once. */
  readonly admit: (session: SessionId) => Effect.Effect<void, SessionNotFound>
  /** The daemon is about to end: what ends from now on is no outcome. It stays in flight, for the next daemon to recover. */
  readonly hold: Effect.Effect<void>
}>()("animus/run/PhaseRunner") {}
