/** The record of an attempt's session, beside its journal: what a daemon that takes the run up goes on with. */
import { DateTime, Effect, Fiber } from "effect"
import type { SessionStoreFailed } from "../../../schemas/errors/RunErrors.ts"
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
}

interface Dispatched {
  readonly provider: string
  readonly request: AgentRunRequest
  readonly resume: string | undefined
  readonly session: SessionId
}

/** What is written of a run's sessions while it goes on with something else. */
export class RecordWrites {
  private readonly writing = new Map<string, Fiber.Fiber<void>>()
  private readonly early = new Map<string, SessionRecord>()

  start<R>(phase: string, write: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> {
    return Effect.map(Effect.forkChild(write, { startImmediately: true }), (fiber) => {
      this.writing.set(phase, fiber)
    })
  }

  /** Begins to write the record of a session before it is asked for. What fails here is written again when it is. */
  startEarly(record: SessionRecord): Effect.Effect<void, never, SessionStore> {
    const phase = record.phase_id
    const written = Effect.map(
      SessionStore.use((store) => store.putSession(record)),
      () => void this.early.set(phase, record)
    )
    return Effect.andThen(this.settled(phase), this.start(phase, Effect.ignore(written)))
  }

  /** The record as it is kept when this returns: of the time when it was written. */
  begin(record: SessionRecord): Effect.Effect<SessionRecord, SessionStoreFailed, SessionStore> {
    return Effect.andThen(
      this.settled(record.phase_id),
      Effect.suspend(() => {
        const early = this.early.get(record.phase_id)
        this.early.delete(record.phase_id)
        return early !== undefined && isOf(early, record)
          ? Effect.succeed(early)
          : Effect.as(SessionStore.use((store) => store.putSession(record)), record)
      })
    )
  }

  /** What was foreseen, and is not launched for now: recovery must not take it for a session that was. */
  readonly takeBack: Effect.Effect<void, never, SessionStore> = Effect.suspend(() => {
    const records = [...this.early.values()]
    this.early.clear()
    const withdrawn = (record: SessionRecord) =>
      this.start(record.phase_id, amend({ ...record, status: "failed", blocked_reason: "it was never launched" }))
    // A launch that follows waits for these writes as for any other, so that its own comes after them.
    return Effect.andThen(Effect.forEach(records, withdrawn, { discard: true }), this.done)
  })

  /** Waits until the write under way is over, whoever else waits for it. */
  private settled(phase: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.writing.get(phase)
      if (fiber === undefined) return Effect.void
      return Effect.map(Fiber.await(fiber), () => {
        if (this.writing.get(phase) === fiber) this.writing.delete(phase)
      })
    })
  }

  /** Waits until all of it is. */
  readonly done: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.writing.keys()], (phase) => this.settled(phase), { discard: true })
  )
}

/** The same session, asked for the same. */
const isOf = (early: SessionRecord, record: SessionRecord): boolean =>
  JSON.stringify({ ...early, started_at: "" }) === JSON.stringify({ ...record, foreseen: true, started_at: "" })

/** Decides nothing any more, and may fail. */
const amend = (record: SessionRecord) =>
  Effect.catch(
    SessionStore.use((store) => store.putSession(record)),
    (error) => Effect.logWarning(`session record of ${record.phase_id} is behind: ${error.message}`)
  )

export const pending = (
  { attempt, phase, state }: Attempted,
  { provider, request, resume, session }: Dispatched,
  started_at: string
): SessionRecord => ({
  workflow_id: state.head.run,
  phase_id: phase.id,
  attempt: attempt.attempt,
  provider,
  run_id: session,
  provider_session_id: resume ?? null,
  status: "pending",
  started_at,
  request
})

/** Keeps `<phase>.session.json` true. Only its first write decides anything; the later ones may fail and are logged. */
export const recordKeeper = Effect.fnUntraced(
  function*(attempted: Attempted & { readonly records: RecordWrites }, dispatched: Dispatched) {
    const { phase, records } = attempted
    const { resume, session } = dispatched
    let record = pending(attempted, dispatched, DateTime.formatIso(yield* DateTime.now))
    const update = (change: Partial<SessionRecord>) => {
      record = { ...record, ...change }
      return amend(record)
    }
    const ownId = (id: string | undefined) =>
      id === undefined || id.trim() === "" || id === session ? record.provider_session_id : id
    return {
      /** Resuming never goes back to pending: should this daemon die now, the session is still there to resume. */
      begin: Effect.suspend(() =>
        Effect.map(
          records.begin(resume === undefined ? record : { ...record, status: "running" }),
          ({ started_at }) => void (record = { ...record, started_at })
        )
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
          yield* records.start(phase.id, ended)
        }
      )
    }
  }
)
