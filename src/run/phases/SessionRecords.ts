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

/** What records are told of the end of their sessions: written while the run goes on, and before the phase begins another one. */
export class Closing {
  private readonly writing = new Map<string, Fiber.Fiber<void>>()

  start<R>(phase: string, write: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> {
    return Effect.map(Effect.forkChild(write, { startImmediately: true }), (fiber) => {
      this.writing.set(phase, fiber)
    })
  }

  /** Waits until it is written. */
  of(phase: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.writing.get(phase)
      this.writing.delete(phase)
      return fiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(fiber))
    })
  }

  /** Waits until all of it is. */
  readonly done: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.writing.keys()], (phase) => this.of(phase), { discard: true })
  )
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
        closing.of(phase.id),
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
          yield* closing.start(phase.id, ended)
        }
      )
    }
  }
)
