/** The sessions of this daemon: what lives where, and how the last hundred ended. */
import { type Deferred, Exit } from "effect"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentRunResponse } from "../../schemas/Provider.ts"
import type { AgentError, SessionStatus } from "./AgentSession.ts"
import { SessionFrames } from "./SessionFrames.ts"

export interface Live {
  readonly plugin: string
  readonly cancellable: boolean
  readonly status: SessionStatus
  readonly ended: Deferred.Deferred<void>
  cancelled: boolean
}

const kept = 100

export const endOf = (live: Live, exit: Exit.Exit<AgentRunResponse, AgentError>, at: string): SessionStatus => {
  const failed = Exit.isFailure(exit) || exit.value.exit_code !== 0
  const lastError = Exit.isSuccess(exit)
    ? exit.value.errors?.at(-1) ?? (failed ? `exit code ${exit.value.exit_code}` : undefined)
    : Exit.findErrorOption(exit).pipe((error) => error._tag === "Some" ? error.value.message : "interrupted")
  const status = live.cancelled || Exit.hasInterrupts(exit) ? "cancelled" : failed ? "failed" : "completed"
  return { ...live.status, status, finishedAt: at, lastError }
}

/** The living, and the last that were. */
export class SessionRegistry {
  readonly live = new Map<SessionId, Live>()
  readonly ended = new Map<SessionId, SessionStatus>()
  private readonly frames = new Map<string, SessionFrames>()

  framesOf(plugin: string): SessionFrames {
    const known = this.frames.get(plugin) ?? new SessionFrames()
    this.frames.set(plugin, known)
    return known
  }

  end(live: Live, status: SessionStatus): void {
    if (this.live.get(status.session) === live) this.live.delete(status.session)
    this.ended.delete(status.session)
    this.ended.set(status.session, status)
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= kept) break
      this.ended.delete(oldest)
    }
  }
}
