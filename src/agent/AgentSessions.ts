/**
 * Live agent sessions. Every frame of a session reaches its owner, in order; cancel reaches the process that owns the
 * session; nothing is retried after the first token was forwarded. What to do after a crash is the run engine's decision.
 */
import { Context, type Effect } from "effect"
import type { PluginError, ProviderMissing, SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentNotification, AgentRunRequest, AgentRunResponse } from "../../schemas/Provider.ts"

export interface AgentSession {
  readonly session: SessionId
  /** Provider tool, as in `animus-provider-<tool>`. */
  readonly tool: string
  readonly request: AgentRunRequest
  /** Continue this provider's own session instead of beginning one. */
  readonly resume?: string
  /** Called for each batch of frames, in order; the provider waits while this runs. */
  readonly onEvents: (events: ReadonlyArray<AgentNotification>) => Effect.Effect<void>
}

export interface SessionStatus {
  readonly session: SessionId
  readonly status: "running" | "completed" | "failed" | "cancelled"
  readonly provider: string
  readonly model: string
  readonly startedAt: string
  readonly finishedAt: string | undefined
  readonly lastError: string | undefined
}

export type AgentError = PluginError | ProviderMissing

export class AgentSessions extends Context.Service<AgentSessions, {
  /** Interrupting cancels the session at its provider. The deadline is the request's `timeout_secs`, else 1800 s. */
  readonly run: (session: AgentSession) => Effect.Effect<AgentRunResponse, AgentError>
  /** Returns when the session has ended. */
  readonly cancel: (session: SessionId) => Effect.Effect<void, SessionNotFound | AgentError>
  /** Live ones and the last hundred that ended. */
  readonly status: (session: SessionId) => Effect.Effect<SessionStatus, SessionNotFound>
  readonly canResume: (tool: string) => Effect.Effect<boolean, AgentError>
}>()("animus/agent/AgentSessions") {}
