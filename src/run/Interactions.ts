/**
 * Questions that an agent asks while it works. Each is an event before anybody is shown it, and one that nobody can answer
 * any more is withdrawn, with the reason, before its attempt ends in the journal.
 */
import { Effect } from "effect"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentNotification } from "../../schemas/Provider.ts"
import { attemptOf, type InFlight } from "./Position.ts"
import { commit, type RunActor } from "./RunActor.ts"
import { patiently } from "./StorePatience.ts"

type Asked = Extract<AgentNotification, { readonly _tag: "InteractionRequested" }>

const SUMMARY = 500

const summaryOf = ({ kind, payload }: Asked): string => {
  const { action, question, tool_name } = payload
  const said = [question, [action, tool_name].filter((part) => typeof part === "string").join(" "), kind]
  return String(said.find((part) => typeof part === "string" && part.trim() !== "")).slice(0, SUMMARY)
}

/** Of an attempt that is still in flight here; the provider waits until it is written down. */
export const keepInteraction = Effect.fnUntraced(
  function*(actor: RunActor, { attempt, phase }: InFlight, session: SessionId, asked: Asked) {
    const kept = Effect.suspend(() => {
      const current = actor.state && attemptOf(actor.state.position)
      if (current?.phase !== phase || current.attempt !== attempt) return Effect.void
      return commit(actor, {
        _tag: "InteractionRequested",
        phase,
        attempt,
        session,
        interaction: asked.interaction_id,
        kind: asked.kind,
        summary: summaryOf(asked),
        payload: asked.payload,
        ...(asked.expires_at === undefined ? {} : { expires_at: asked.expires_at })
      })
    })
    yield* patiently(actor.lock.withPermit(kept))
  },
  // Whoever writes the next event of the run meets the same, and stops the run.
  Effect.catch((error) => Effect.logError(`a question of an agent could not be kept: ${error.message}`))
)

export const ASKER_GONE = "the daemon that its agent asked has ended; if it goes on, it asks again"

/** With the lock held: whatever is open is so no more. */
export const withdrawAll = Effect.fnUntraced(function*(actor: RunActor, reason: string) {
  const open = actor.state?.interactions ?? []
  for (const [at, { attempt, interaction, phase }] of open.entries()) {
    yield* commit(actor, {
      _tag: "InteractionWithdrawn",
      phase,
      attempt,
      interaction,
      reason,
      open: open.length - at - 1
    })
  }
})
