/** The way back to a live session: what a person says to a question of its agent. */
import { Effect } from "effect"
import { MethodNotSupported, SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../../schemas/Ids.ts"
import type { InteractionResponse } from "../../schemas/RunEvent.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import type { AgentError } from "./AgentSession.ts"
import type { SessionRegistry } from "./SessionRegistry.ts"

const METHOD = "agent/respond"
const BOUND_MILLIS = 10_000

export const makeAnswers = Effect.fnUntraced(function*(
  sessions: SessionRegistry,
  supports: (tool: string, method: string) => Effect.Effect<boolean, AgentError>
) {
  const host = yield* PluginHost
  const liveOf = Effect.fnUntraced(function*(session: SessionId) {
    return sessions.live.get(session) ?? (yield* new SessionNotFound({ session }))
  })
  return {
    answerable: Effect.fn("AgentSessions.answerable")(function*(session: SessionId) {
      const { plugin, status } = yield* liveOf(session)
      if (!(yield* supports(status.provider, METHOD))) return yield* new MethodNotSupported({ plugin, method: METHOD })
    }),
    respond: Effect.fn("AgentSessions.respond")(
      function*(session: SessionId, interaction: string, response: InteractionResponse) {
        const { plugin } = yield* liveOf(session)
        const params = { interaction_id: interaction, session_id: session, response }
        const answer = yield* host.call(plugin, METHOD, params, { timeout: BOUND_MILLIS })
        return typeof answer === "object" && answer !== null && "accepted" in answer && answer.accepted === true
      }
    )
  }
})
