/** A person's answer to what an agent asks: in the journal before it is delivered, and told when it did not arrive. */
import { Effect } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import type { InteractionResponse } from "../../schemas/RunEvent.ts"
import { AgentSessions } from "../agent/AgentSessions.ts"
import type { Interaction } from "./Position.ts"
import { refuse } from "./Refusal.ts"
import { commit } from "./RunActor.ts"
import { locked, type RunRegistry } from "./RunRegistry.ts"
import type { RunState } from "./RunState.ts"

export interface RunAnswer {
  readonly run: RunId
  /** May be left out where only one question is open. */
  readonly interaction?: string
  readonly response: InteractionResponse
}

const openOf = Effect.fnUntraced(function*(state: RunState, named: string | undefined) {
  const open = state.interactions ?? []
  const found = named === undefined ? open[0] : open.find(({ interaction }) => interaction === named)
  if (found === undefined) return yield* refuse(state, named === undefined ? "answer" : `answer question ${named} of`)
  if (named !== undefined || open.length === 1) return found
  return yield* new InvalidInput({
    detail: `run ${state.head.run} asks ${open.length} questions; say which with --question: ` +
      open.map(({ interaction, summary }) => `${interaction} (${summary})`).join(", ")
  })
})

const deliver = Effect.fnUntraced(function*({ interaction, session }: Interaction, response: InteractionResponse) {
  const agents = yield* AgentSessions
  if (yield* agents.respond(session, interaction, response)) return
  const detail = `it does not take an answer to question ${interaction} any more`
  return yield* new PluginRefused({
    plugin: (yield* agents.status(session)).provider,
    method: "agent/respond",
    code: ErrorCode.InvalidRequest,
    detail
  })
})

export const respond = (runs: RunRegistry) =>
  Effect.fnUntraced(function*({ interaction: named, response, run }: RunAnswer) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        const open = yield* openOf(state, named)
        const { attempt, interaction, phase, session } = open
        const agents = yield* AgentSessions
        // Asked first: nothing is written down of an answer that cannot be delivered at all.
        yield* agents.answerable(session)
        const place = { phase, attempt, interaction, open: (state.interactions ?? []).length - 1 }
        yield* commit(actor, { _tag: "InteractionAnswered", ...place, response })
        // A provider that does not answer is given up in time, also within a command that goes on to its end.
        yield* Effect.tapError(
          Effect.interruptible(deliver(open, response)),
          ({ message }) =>
            commit(actor, { _tag: "InteractionWithdrawn", ...place, reason: `the answer did not arrive: ${message}` })
        )
      })
    )
  })
