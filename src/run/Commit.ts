/** What an attempt left uncommitted, as a commit of its own; where it left nothing there is none. */
import { Effect, Schema } from "effect"
import type { AgentPhase, PhaseDecision } from "../../schemas/Workflow.ts"
import { git } from "./Git.ts"
import type { Outcome } from "./phases/Outcome.ts"
import { broken } from "./phases/Outcome.ts"
import type { RunState } from "./RunState.ts"

class NotCommitted extends Schema.TaggedError<NotCommitted>()("NotCommitted", { detail: Schema.String }) {}

const step = Effect.fnUntraced(function*(folder: string, ...args: ReadonlyArray<string>) {
  const { ok, said } = yield* git(folder, ...args)
  if (!ok) return yield* new NotCommitted({ detail: said })
})

const messageOf = (state: RunState, phase: AgentPhase, { commit_message }: PhaseDecision): string =>
  commit_message ?? `${phase.id}: ${state.subject?.title ?? state.dispatch.subject.title ?? state.dispatch.subject.id}`

/** Only work that leads on is committed; what cannot be makes the attempt an error. */
export const committed = Effect.fnUntraced(
  function*(state: RunState, phase: AgentPhase, folder: string, outcome: Outcome) {
    if (phase.requires_commit !== true || outcome._tag !== "Concluded") return outcome
    if (outcome.decision.verdict !== "advance") return outcome
    yield* step(folder, "add", "--all")
    const { ok: isClean } = yield* git(folder, "diff", "--cached", "--quiet")
    if (!isClean) yield* step(folder, "commit", "--quiet", "--message", messageOf(state, phase, outcome.decision))
    return outcome
  },
  Effect.catchTag("NotCommitted", ({ detail }) => Effect.succeed(broken(`its work could not be committed: ${detail}`)))
)
