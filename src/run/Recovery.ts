/**
 * What becomes of an attempt that was in flight when its daemon ended. Its session goes on where that is possible; what may
 * be repeated is repeated; everything else waits for a person. Nothing ambiguous is done again by itself.
 */
import { Effect } from "effect"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { SessionRecord } from "../../schemas/SessionRecord.ts"
import type { AgentPhase, Phase } from "../../schemas/Workflow.ts"
import { AgentSessions } from "../agent/AgentSessions.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { InFlight } from "./Position.ts"
import { phaseOf } from "./Route.ts"
import type { RunState } from "./RunState.ts"

interface Verdict {
  readonly action: "resume" | "rerun" | "blocked"
  readonly reason: string
}

/** One that was foreseen for a beginning that was never written, or was taken back before anything was launched. */
const neverLaunched = ({ foreseen, run_id, status }: SessionRecord, { session }: InFlight): boolean =>
  foreseen === true && (run_id !== session || status !== "pending")

/** The session that was launched for exactly this attempt, as far as anything was. */
export const recordOf = Effect.fnUntraced(function*(state: RunState, attempt: InFlight) {
  const store = yield* SessionStore
  const record = yield* store.session(state.head.run, attempt.phase)
  return record?.attempt === attempt.attempt && !neverLaunched(record, attempt) ? record : undefined
})

/** Says in the session's own record how it ended, for whoever looks there; the journal has it already. */
export const closeRecord = Effect.fnUntraced(
  function*(state: RunState, attempt: InFlight, status: "failed" | "blocked", reason: string) {
    const store = yield* SessionStore
    const record = yield* recordOf(state, attempt)
    if (record !== undefined) yield* store.putSession({ ...record, status, blocked_reason: reason })
  },
  Effect.catch((error) => Effect.logWarning(`a session record is behind its run: ${error.message}`))
)

export const recoverAttempt = Effect.fnUntraced(function*(state: RunState, attempt: InFlight) {
  const phase = phaseOf(state.definition, attempt.phase)
  if (phase === undefined) {
    return decided(attempt, { action: "blocked", reason: "The pinned workflow has no such phase." })
  }
  const { position } = state
  if (position._tag === "Sleeping" && !position.begun) {
    return decided(attempt, {
      action: "rerun",
      reason: `The rate limit that kept phase "${phase.id}" from beginning is over, so nothing can have happened twice.`
    })
  }
  const stop = position._tag === "Sleeping"
    ? `A rate limit stopped phase "${phase.id}", and is over`
    : `The daemon ended while phase "${phase.id}" was running`
  if (phase.mode !== "agent") return decided(attempt, repeatOrBlock(phase, `${stop}.`))
  const record = yield* recordOf(state, attempt)
  if (record === undefined) {
    return decided(attempt, {
      action: "rerun",
      reason:
        `The daemon ended before the agent of phase "${phase.id}" was launched, so nothing can have happened twice.`
    })
  }
  const session = record.provider_session_id
  const obstacle = yield* resumeObstacle(phase, record)
  return decided(
    attempt,
    obstacle === undefined
      ? {
        action: "resume",
        reason: `${stop}; its agent session ${session} goes on where it was.`
      }
      : repeatOrBlock(phase, `${stop}, and ${obstacle}.`)
  )
})

/** After a provider was asked to resume and did not. */
export const resumeRefused = (state: RunState, attempt: InFlight, detail: string) => {
  const phase = phaseOf(state.definition, attempt.phase)
  const what = `The agent session of phase "${attempt.phase}" could not be resumed (${detail}).`
  return decided(attempt, phase === undefined ? { action: "blocked", reason: what } : repeatOrBlock(phase, what))
}

const decided = (
  { attempt, phase }: InFlight,
  verdict: Verdict
): Extract<RunEvent, { readonly _tag: "RecoveryDecided" }> => ({
  _tag: "RecoveryDecided",
  phase,
  attempt,
  ...verdict
})

type Resumable = Pick<SessionRecord, "provider" | "provider_session_id">

/** Why the session cannot be resumed; nothing when it can. */
export const resumeObstacle = Effect.fnUntraced(function*({ agent, launch }: AgentPhase, record: Resumable) {
  const { provider, provider_session_id } = record
  if (provider_session_id === null) return "its agent never named a session to resume"
  if (launch !== undefined && launch.resume_args === undefined) {
    return `the launch of agent "${agent}" has no resume_args to resume it with`
  }
  const agents = yield* AgentSessions
  return yield* agents.canResume(provider).pipe(
    Effect.map((able) => able ? undefined : `provider "${provider}" cannot resume sessions`),
    Effect.catch((error) => Effect.succeed(`provider "${provider}" could not be asked to resume it (${error.message})`))
  )
})

const repeatOrBlock = ({ id, idempotency }: Phase, what: string): Verdict => {
  switch (idempotency) {
    case "idempotent":
      return {
        action: "rerun",
        reason: `${what} The phase is declared idempotent, so it is run again from its beginning.`
      }
    case "sideeffecting":
      return { action: "blocked", reason: `${what} The phase has side effects and may have partly executed.` }
    case "unknown":
      return {
        action: "blocked",
        reason:
          `${what} Whether it may be repeated is not known; if it may, declare "idempotency: idempotent" on phase "${id}".`
      }
  }
}
