/** Agents that are a function: the double for tests. What was dispatched can be looked into; cancelling answers exit code 130. */
import { Context, DateTime, Deferred, Effect, Layer } from "effect"
import { SessionNotFound } from "../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../schemas/Ids.ts"
import type { AgentRunResponse } from "../schemas/Provider.ts"
import type { InteractionResponse } from "../schemas/RunEvent.ts"
import { type AgentError, type AgentSession, AgentSessions } from "../src/agent/AgentSessions.ts"
import { beginning, endOf, type Live, SessionRegistry } from "../src/agent/SessionRegistry.ts"

/** Plays the agent of one dispatch. */
export type AgentScript = (session: AgentSession) => Effect.Effect<AgentRunResponse, AgentError>

export class AgentSessionsMemory extends Context.Service<AgentSessionsMemory, {
  /** In the order of their beginning. */
  readonly dispatched: () => ReadonlyArray<AgentSession>
  /** What was answered to the questions of live sessions. */
  readonly answers: () => ReadonlyArray<{ readonly interaction: string; readonly response: InteractionResponse }>
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
  const answers: Array<{ readonly interaction: string; readonly response: InteractionResponse }> = []
  const sessions = new SessionRegistry()
  const cancels = new WeakMap<Live, Deferred.Deferred<void>>()
  const now = Effect.map(DateTime.now, DateTime.formatIso)

  const run = Effect.fnUntraced(function*(session: AgentSession) {
    const status = beginning(session, yield* now)
    const ended = Deferred.makeUnsafe<void>()
    const live: Live = { plugin: "memory", cancellable: true, status, ended, cancelled: false, remains: [] }
    const asked = Deferred.makeUnsafe<void>()
    dispatched.push(session)
    sessions.live.set(session.session, live)
    cancels.set(live, asked)
    return yield* Effect.raceFirst(script(session), Effect.as(Deferred.await(asked), cancelled)).pipe(
      Effect.onExit((exit) =>
        Effect.gen(function*() {
          sessions.end(live, endOf(live, exit, yield* now), session.owner)
          yield* Deferred.succeed(live.ended, undefined)
        })
      )
    )
  })

  const service = AgentSessions.of({
    run,
    cancel: Effect.fnUntraced(function*(session: SessionId) {
      const live = sessions.live.get(session)
      const asked = live && cancels.get(live)
      if (live === undefined || asked === undefined) return yield* new SessionNotFound({ session })
      live.cancelled = true
      yield* Deferred.succeed(asked, undefined)
      yield* Deferred.await(live.ended)
      return []
    }),
    remaining: () => Effect.succeed([]),
    working: Effect.sync(() => sessions.working),
    status: Effect.fnUntraced(function*(session: SessionId) {
      const known = sessions.live.get(session)?.status ?? sessions.ended.get(session)
      return known ?? (yield* new SessionNotFound({ session }))
    }),
    answerable: (session) => sessions.live.has(session) ? Effect.void : Effect.fail(new SessionNotFound({ session })),
    respond: (session, interaction, response) =>
      Effect.suspend(() => {
        if (!sessions.live.has(session)) return Effect.fail(new SessionNotFound({ session }))
        answers.push({ interaction, response })
        return Effect.succeed(true)
      }),
    canResume: () => Effect.succeed(canResume)
  })
  return Context.make(AgentSessions, service).pipe(
    Context.add(AgentSessionsMemory, AgentSessionsMemory.of({ dispatched: () => dispatched, answers: () => answers }))
  )
}
