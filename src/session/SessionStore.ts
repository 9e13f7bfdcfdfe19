/**
 * The memory of runs: a journal of events per run, a record per agent session, transcripts. `append` is durable before it
 * returns. Typed here, over a small encoded driver that an embedder can implement; `SessionStore.make(driver)` does the rest.
 */
import { Array, Context, DateTime, Effect, Layer, Schema } from "effect"
import { RunNotFound, SequenceConflict, type SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry, RunEvent, RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import type { SessionRecord } from "../../schemas/SessionRecord.ts"
import * as Codec from "./JournalCodec.ts"
import { advanceHead } from "./RunHead.ts"
import type { IndexRow, SessionStoreDriver, UnreadableRun } from "./SessionStoreDriver.ts"

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
  /** Runs that are kept but cannot be read: in neither list, and refused one by one. */
  readonly unreadable: Effect.Effect<ReadonlyArray<UnreadableRun>, SessionStoreFailed>
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
  /** Waits until somebody else may write to this store, which for most stores is for ever. */
  readonly lost: Effect.Effect<SessionStoreFailed>
}>()("animus/session/SessionStore") {
  static readonly make = (driver: SessionStoreDriver): SessionStore["Service"] => {
    const place = (run: string) => driver.location(run) ?? `run ${run}`
    const decodeHeads = (rows: ReadonlyArray<IndexRow>) =>
      Effect.forEach(rows, (row) => Codec.decodeRow(place(row.run), row))
    return SessionStore.of({
      append: appendTo(driver, place),
      read: Effect.fn("SessionStore.read")(function*(run, after = 0) {
        const lines = yield* driver.read(run, after)
        if (lines === undefined) return yield* new RunNotFound({ run })
        return yield* Codec.decodeEntries(place(run), after, lines)
      }),
      heads: Effect.fn("SessionStore.heads")(function*({ cursor, limit = 50, status }) {
        const size = Math.max(1, Math.min(limit, 500))
        const rows = yield* driver.rows({ statuses: status, limit: size + 1, before: cursor })
        const page = rows.slice(0, size)
        const nextCursor = rows.length > size ? page.at(-1)?.order : undefined
        return { heads: yield* decodeHeads(page), nextCursor }
      }),
      unfinished: Effect.flatMap(driver.unfinished, decodeHeads),
      unreadable: driver.unreadable,
      putSession: Effect.fn("SessionStore.putSession")((record) =>
        driver.putSession(record.workflow_id, record.phase_id, Codec.encodeRecordText(record))
      ),
      session: Effect.fn("SessionStore.session")(function*(run, phase) {
        const text = yield* driver.session(run, phase)
        if (text === undefined || text.trim() === "") return undefined
        return yield* Codec.decodeRecord(`${place(run)}, session of ${phase}`, text)
      }),
      appendTranscript: (run, phase, attempt, entries) =>
        entries.length === 0 ? Effect.void : driver.appendTranscript(run, phase, attempt, entries.map(encodePiece)),
      transcript: Effect.fn("SessionStore.transcript")(function*(run, phase, attempt) {
        const lines = yield* driver.transcript(run, phase, attempt)
        const path = `${place(run)}, transcript of ${phase}.${attempt}`
        return yield* Effect.forEach(
          lines,
          (line, index) => Effect.mapError(decodePiece(line), (error) => Codec.damaged(path, index + 1, error.message))
        )
      }),
      remove: (run) => driver.remove(run),
      location: (run) => driver.location(run),
      lost: driver.lost ?? Effect.never
    })
  }

  /** The store over a driver that takes some effect to get: what an embedder hands to the daemon. */
  static readonly layerOf = <E, R>(driver: Effect.Effect<SessionStoreDriver, E, R>) =>
    Layer.effect(SessionStore, Effect.map(driver, SessionStore.make))
}

const TranscriptPiece = Schema.Struct({ at: Schema.String, kind: Schema.String, text: Schema.String })
const decodePiece = Schema.decodeUnknownEffect(Schema.fromJsonString(TranscriptPiece))
const encodePiece = ({ at, kind, text }: TranscriptEntry): string => JSON.stringify({ at, kind, text })

/**
 * The head is read, advanced and handed back with the lines; should another writer come between, the driver refuses. A driver
 * that gives back the very row it was given spares the decoding of what was just encoded.
 */
const appendTo = (driver: SessionStoreDriver, place: (run: string) => string) => {
  const heads = new WeakMap<IndexRow, RunHead>()
  // Without a span of its own for each event: the phase around it has one.
  return Effect.fnUntraced(function*(
    run: RunId,
    after: number,
    events: readonly [RunEvent, ...ReadonlyArray<RunEvent>]
  ) {
    const row = yield* driver.row(run)
    const actual = row?.sequence ?? 0
    if (actual !== after) return yield* new SequenceConflict({ run, expected: after, actual })
    const known = row && (heads.get(row) ?? (yield* Codec.decodeRow(place(run), row)))
    const at = DateTime.formatIso(yield* DateTime.now)
    const entries = Array.map(events, (event, index): JournalEntry => ({ sequence: after + index + 1, at, event }))
    const head = entries.slice(1).reduce(
      (head, entry) => advanceHead(head, run, entry),
      advanceHead(known, run, entries[0])
    )
    const next = Codec.encodeRow(head)
    yield* driver.append(after, entries.map(Codec.encodeEntry), next)
    heads.set(next, head)
    return entries
  })
}
