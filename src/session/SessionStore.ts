/**
 * The memory of runs: a journal of events per run, a record per agent session, transcripts. `append` is durable before it
 * returns. Typed here, over a small encoded driver that an embedder can implement; `SessionStore.make(driver)` does the rest.
 */
import { Context, type Effect } from "effect"
import type { RunNotFound, SequenceConflict, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry, RunEvent, RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import type { SessionRecord } from "../../schemas/SessionRecord.ts"

export interface HeadQuery {
  readonly status?: ReadonlyArray<RunStatus>
  /** Newest first; at most 500, 50 when absent. */
  readonly limit?: number
  readonly cursor?: string
}

export interface HeadPage {
  readonly heads: ReadonlyArray<RunHead>
  readonly nextCursor: string | undefined
}

/** One piece of what an agent said, as it was streamed. */
export interface TranscriptEntry {
  readonly at: string
  readonly kind: string
  readonly text: string
}

export class SessionStore extends Context.Service<SessionStore, {
  /** `after` is the sequence the writer believes to be last (0 for a new run); a stale writer gets `SequenceConflict`. */
  readonly append: (
    run: RunId,
    after: number,
    events: readonly [RunEvent, ...ReadonlyArray<RunEvent>]
  ) => Effect.Effect<ReadonlyArray<JournalEntry>, SequenceConflict | SessionStoreFailed>
  /** Entries after `after`; `RunNotFound` when there is no such run. */
  readonly read: (
    run: RunId,
    after?: number
  ) => Effect.Effect<ReadonlyArray<JournalEntry>, RunNotFound | SessionStoreFailed>
  readonly heads: (query: HeadQuery) => Effect.Effect<HeadPage, SessionStoreFailed>
  /** Runs that have no terminal event. */
  readonly unfinished: Effect.Effect<ReadonlyArray<RunHead>, SessionStoreFailed>
  readonly putSession: (record: SessionRecord) => Effect.Effect<void, SessionStoreFailed>
  readonly session: (run: RunId, phase: string) => Effect.Effect<SessionRecord | undefined, SessionStoreFailed>
  /** Batched; may lose its last moment in a power cut, never an event. */
  readonly appendTranscript: (
    run: RunId,
    phase: string,
    attempt: number,
    entries: ReadonlyArray<TranscriptEntry>
  ) => Effect.Effect<void, SessionStoreFailed>
  readonly transcript: (
    run: RunId,
    phase: string,
    attempt: number
  ) => Effect.Effect<ReadonlyArray<TranscriptEntry>, SessionStoreFailed>
  readonly remove: (run: RunId) => Effect.Effect<void, SessionStoreFailed>
  /** Where an operator finds a run's files; undefined for stores that keep none. */
  readonly location: (run: RunId) => string | undefined
}>()("animus/session/SessionStore") {}
