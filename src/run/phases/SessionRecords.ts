/** The record of an attempt's session, beside its journal: what a daemon that takes the run up goes on with. */
import { DateTime, Effect, Fiber } from "effect"
import type { SessionId } from "../../../schemas/Ids.ts"
import type { AgentNotification, AgentRunRequest } from "../../../schemas/Provider.ts"
import type { SessionRecord } from "../../../schemas/SessionRecord.ts"
import type { AgentPhase } from "../../../schemas/Workflow.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { crashPoint } from "../CrashPoint.ts"
import type { InFlight } from "../Position.ts"
import type { RunState } from "../RunState.ts"

interface Attempted {
  readonly state: RunState
  readonly phase: AgentPhase
  readonly attempt: InFlight
  readonly closing: Closing
}

interface Dispatched {
  readonly provider: string
  readonly request: AgentRunRequest
  readonly resume: string | undefined
  readonly session: SessionId
}

/** What a record is told of the end of its session: written while the run goes on, and before another session is begun. */
export class Closing {
  private last: Fiber.Fiber<void> | undefined

  start<R>(write: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> {
    return Effect.map(Effect.forkChild(write, { startImmediately: true }), (fiber) => {
      this.last = fiber
    })
  }

  /** Waits until it is written. */
  readonly done: Effect.Effect<void> = Effect.suspend(() => {
    const { last } = this
    this.last = undefined
    return last === undefined ? Effect.void : Effect.asVoid(Fiber.await(last))
  })
}

/** Keeps `<phase>.session.json` true. Only its first write decides anything; the later ones may fail and are logged. */
export const recordKeeper = Effect.fnUntraced(
  function*(
    { attempt, closing, phase, state }: Attempted,
    { provider, request, resume, session }: Dispatched
  ) {
    const store = yield* SessionStore
    let record: SessionRecord = {
      workflow_id: state.head.run,
      phase_id: phase.id,
      attempt: attempt.attempt,
      provider,
      run_id: session,
      provider_session_id: resume ?? null,
      status: "pending",
      started_at: DateTime.formatIso(yield* DateTime.now),
      request
    }
    const update = (change: Partial<SessionRecord>) => {
      record = { ...record, ...change }
      return store.putSession(record).pipe(
        Effect.catch((error) => Effect.logWarning(`session record of ${phase.id} is behind: ${error.message}`))
      )
    }
    const ownId = (id: string | undefined) =>
      id === undefined || id.trim() === "" || id === session ? record.provider_session_id : id
    return {
      /** Resuming never goes back to pending: should this daemon die now, the session is still there to resume. */
      begin: Effect.andThen(
        closing.done,
        Effect.suspend(() => store.putSession(resume === undefined ? record : { ...record, status: "running" }))
      ),
      heard: Effect.fnUntraced(function*(events: ReadonlyArray<AgentNotification>) {
        const id = ownId(events.findLast((event) => ownId(event.session_id) !== record.provider_session_id)?.session_id)
        if (record.status === "running" && id === record.provider_session_id) return
        yield* update({ status: "running", provider_session_id: id })
        yield* crashPoint("session-running")
      }),
      end: Effect.fnUntraced(
        function*(status: "completed" | "failed", id: string | undefined, reason: string | undefined) {
          const ended = update({
            status,
            provider_session_id: ownId(id),
            completed_at: DateTime.formatIso(yield* DateTime.now),
            ...(reason === undefined ? {} : { blocked_reason: reason })
          })
          yield* closing.start(ended)
        }
      )
    }
  }
)
