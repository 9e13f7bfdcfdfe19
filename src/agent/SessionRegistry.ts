/** The sessions of this daemon: what lives where, and how the last hundred ended. */
import { Cause, type Deferred, Exit } from "effect"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentRunResponse } from "../../schemas/Provider.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"
import type { AgentError, AgentSession, Remainder, SessionStatus } from "./AgentSession.ts"
import { SessionFrames } from "./SessionFrames.ts"
import { ProviderProcesses } from "./SessionProcesses.ts"

export interface Live {
  readonly plugin: string
  readonly cancellable: boolean
  readonly status: SessionStatus
  readonly ended: Deferred.Deferred<void>
  cancelled: boolean
  /** Filled in at the end of a cancelled one. */
  readonly remains: Array<ProcessRow>
}

const kept = 100

export const beginning = ({ owner, request, session, tool }: AgentSession, startedAt: string): SessionStatus => ({
  session,
  status: "running",
  provider: tool,
  owner,
  model: request.model ?? "",
  startedAt,
  finishedAt: undefined,
  lastError: undefined
})

const faultIn = (cause: Cause.Cause<AgentError>): string => {
  if (Cause.hasInterruptsOnly(cause)) return "interrupted"
  const fault = Cause.squash(cause)
  return fault instanceof Error ? fault.message : String(fault)
}

export const endOf = (live: Live, exit: Exit.Exit<AgentRunResponse, AgentError>, at: string): SessionStatus => {
  const failed = Exit.isFailure(exit) || exit.value.exit_code !== 0
  const lastError = Exit.isSuccess(exit)
    ? exit.value.errors?.at(-1) ?? (failed ? `exit code ${exit.value.exit_code}` : undefined)
    : faultIn(exit.cause)
  const status = live.cancelled || Exit.hasInterrupts(exit) ? "cancelled" : failed ? "failed" : "completed"
  return { ...live.status, status, finishedAt: at, lastError }
}

interface Provider {
  readonly frames: SessionFrames
  readonly processes: ProviderProcesses
}

/** The living, and the last that were. */
export class SessionRegistry {
  readonly live = new Map<SessionId, Live>()
  readonly ended = new Map<SessionId, SessionStatus>()
  private readonly providers = new Map<string, Provider>()
  private readonly remains = new Map<string, ReadonlyArray<Remainder>>()

  providerOf(plugin: string): Provider {
    const known = this.providers.get(plugin) ??
      { frames: new SessionFrames(), processes: new ProviderProcesses(plugin) }
    this.providers.set(plugin, known)
    return known
  }

  get working(): ReadonlyArray<SessionStatus> {
    return [...this.live.values()].map(({ status }) => status)
  }

  remaining(owner: string): ReadonlyArray<Remainder> {
    return this.remains.get(owner) ?? []
  }

  end(live: Live, status: SessionStatus, owner: string | undefined): void {
    if (owner !== undefined && live.remains.length > 0) {
      const rows = live.remains.map((row) => ({ ...row, plugin: live.plugin }))
      this.remains.set(owner, [...this.remaining(owner), ...rows])
      const [oldest] = this.remains.keys()
      if (this.remains.size > kept && oldest !== undefined) this.remains.delete(oldest)
    }
    if (this.live.get(status.session) === live) this.live.delete(status.session)
    this.ended.delete(status.session)
    this.ended.set(status.session, status)
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= kept) break
      this.ended.delete(oldest)
    }
  }
}
