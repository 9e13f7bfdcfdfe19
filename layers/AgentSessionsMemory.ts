/** Agents that are a function: the double for tests. What was dispatched can be looked into; cancelling answers exit code 130. */
import { Context, DateTime, Deferred, Effect, Layer } from "effect"
import { SessionNotFound } from "../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../schemas/Ids.ts"
import type { AgentRunResponse } from "../schemas/Provider.ts"
import { type AgentError, type AgentSession, AgentSessions, type SessionStatus } from "../src/agent/AgentSessions.ts"

/** Plays the agent of one dispatch. */
export type AgentScript = (session: AgentSession) => Effect.Effect<AgentRunResponse, AgentError>

export class AgentSessionsMemory extends Context.Service<AgentSessionsMemory, {
  /** In the order of their beginning. */
  readonly dispatched: () => ReadonlyArray<AgentSession>
}>()("animus/layers/AgentSessionsMemory") {
  static readonly layer = (script: AgentScript, options?: { readonly canResume?: boolean }) =>
    Layer.effectContext(Effect.sync(() => make(script, options?.canResume ?? false)))
}

const cancelled: AgentRunResponse = {
  session_id: "",
  exit_code: 130,
  output: "",
  errors: ["the run was cancelled"],
  duration_ms: 0,
  backend: "memory"
}

const make = (script: AgentScript, canResume: boolean) => {
  const dispatched: Array<AgentSession> = []
  const live = new Map<
    SessionId,
    { readonly cancel: Deferred.Deferred<void>; readonly ended: Deferred.Deferred<void> }
  >()
  const statuses = new Map<SessionId, SessionStatus>()
  const now = Effect.map(DateTime.now, DateTime.formatIso)

  const run = Effect.fnUntraced(function*(session: AgentSession) {
    const { request, session: id, tool } = session
    const handle = { cancel: Deferred.makeUnsafe<void>(), ended: Deferred.makeUnsafe<void>() }
    const begun: SessionStatus = {
      session: id,
      status: "running",
      provider: tool,
      model: request.model ?? "",
      startedAt: yield* now,
      finishedAt: undefined,
      lastError: undefined
    }
    dispatched.push(session)
    live.set(id, handle)
    statuses.set(id, begun)
    return yield* Effect.raceFirst(script(session), Effect.as(Deferred.await(handle.cancel), cancelled)).pipe(
      Effect.onExit((exit) =>
        Effect.gen(function*() {
          const status = exit._tag === "Failure" ? "failed" : exit.value === cancelled ? "cancelled" : "completed"
          statuses.set(id, { ...begun, status, finishedAt: yield* now })
          live.delete(id)
          yield* Deferred.succeed(handle.ended, undefined)
        })
      )
    )
  })

  const service = AgentSessions.of({
    run,
    cancel: Effect.fnUntraced(function*(session: SessionId) {
      const handle = live.get(session)
      if (handle === undefined) return yield* new SessionNotFound({ session })
      yield* Deferred.succeed(handle.cancel, undefined)
      yield* Deferred.await(handle.ended)
    }),
    status: Effect.fnUntraced(function*(session: SessionId) {
      return statuses.get(session) ?? (yield* new SessionNotFound({ session }))
    }),
    canResume: () => Effect.succeed(canResume)
  })
  return Context.make(AgentSessions, service).pipe(
    Context.add(AgentSessionsMemory, AgentSessionsMemory.of({ dispatched: () => dispatched }))
  )
}
