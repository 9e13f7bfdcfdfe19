/** One session as its owner asks for it, and as it can be looked at. */
import type { Effect } from "effect"
import type { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { PluginError, ProviderMissing } from "../../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentNotification, AgentRunRequest, AgentRunResponse } from "../../schemas/Provider.ts"

export interface AgentSession {
  readonly session: SessionId
  /** Provider tool, as in `animus-provider-<tool>`. */
  readonly tool: string
  readonly request: AgentRunRequest
  /** Continue this provider's own session instead of beginning one. */
  readonly resume?: string
  /** For whom it works: what a cancelled session could not end is told by this name. */
  readonly owner?: string
  /** Called for each batch of frames, in order; the provider waits while this runs. */
  readonly onEvents: (events: ReadonlyArray<AgentNotification>) => Effect.Effect<void>
}

export interface SessionStatus {
  readonly session: SessionId
  readonly status: "running" | "completed" | "failed" | "cancelled"
  readonly provider: string
  /** For whom it works. */
  readonly owner: string | undefined
  readonly model: string
  readonly startedAt: string
  readonly finishedAt: string | undefined
  readonly lastError: string | undefined
}

/** What a cancelled session started and what runs on. */
export interface Remainder {
  readonly pid: number
  readonly startTime: string
  readonly command: string
  /** The provider that it belongs to. */
  readonly plugin: string
}

/** `InvalidInput`: an env reference of the agent has no value in the daemon's environment. */
export type AgentError = PluginError | ProviderMissing | InvalidInput

/** In words, why a session that answered did not succeed; nothing when it did. */
export const faultOf = ({ errors, exit_code }: AgentRunResponse): string | undefined =>
  exit_code === 0 ? undefined : [`the agent ended with exit code ${exit_code}`, ...(errors ?? [])].join(": ")
