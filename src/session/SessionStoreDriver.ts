/**
 * What an embedder implements to keep sessions somewhere else: strings in, strings out. Nothing here is parsed by a
 * driver; `SessionStore.layerOf(driver)` makes the typed service of it, and `sessionStoreSuite` of `animus/testing` proves it.
 *
 * Any method may fail with `SessionStoreFailed`: `StoreFull` when space ran out, `StoreDamaged` when what was kept is not
 * what was written, `StoreUnreachable` for the rest.
 */
import type { Effect } from "effect"
import type { SequenceConflict, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunStatus } from "../../schemas/RunEvent.ts"

/** One entry of a journal, encoded: a JSON object on one line. */
export interface JournalLine {
  readonly sequence: number
  readonly line: string
}

/** The row of a run in the index: what is searched by, and the encoded head itself. */
export interface IndexRow {
  readonly run: string
  readonly sequence: number
  readonly status: RunStatus
  readonly finished: boolean
  /** Rows are listed by this, descending, compared byte by byte (`COLLATE "C"` in SQL). Never changes for a run. */
  readonly order: string
  readonly head: string
}

export interface IndexQuery {
  /** Undefined means any. */
  readonly statuses: ReadonlyArray<RunStatus> | undefined
  readonly limit: number
  /** Only rows whose `order` is smaller than this; undefined means from the newest. */
  readonly before: string | undefined
}

export interface UnreadableRun {
  readonly run: string
  readonly failure: SessionStoreFailed
}

export interface SessionStoreDriver {
  /**
   * Appends `lines` and replaces the run's index row, if the journal's last sequence is `expected` (0: no such run yet);
   * otherwise `SequenceConflict`, and nothing is changed. Of concurrent writers exactly one wins. Durable when it returns. When it
   * fails, nothing of it is readable; after a crash a prefix of `lines` may be.
   */
  readonly append: (
    expected: number,
    lines: ReadonlyArray<JournalLine>,
    row: IndexRow
  ) => Effect.Effect<void, SequenceConflict | SessionStoreFailed>
  /** The lines whose sequence is greater than `after`, in order; undefined when there is no such run. */
  readonly read: (run: string, after: number) => Effect.Effect<ReadonlyArray<string> | undefined, SessionStoreFailed>
  /** The row that the last successful append brought. */
  readonly row: (run: string) => Effect.Effect<IndexRow | undefined, SessionStoreFailed>
  readonly rows: (query: IndexQuery) => Effect.Effect<ReadonlyArray<IndexRow>, SessionStoreFailed>
  /** Every row that is not finished, newest first. */
  readonly unfinished: Effect.Effect<ReadonlyArray<IndexRow>, SessionStoreFailed>
  /** Runs that are kept but cannot be read. They have no row; whatever asks for one of them fails the same way. */
  readonly unreadable: Effect.Effect<ReadonlyArray<UnreadableRun>, SessionStoreFailed>
  /**
   * Replaces the record, whole: a reader sees the old or the new one, also after a crash. Durable when it returns. Asked for
   * while events of the run are appended and records of its other phases are written; never twice at once for one phase.
   */
  readonly putSession: (run: string, phase: string, record: string) => Effect.Effect<void, SessionStoreFailed>
  readonly session: (run: string, phase: string) => Effect.Effect<string | undefined, SessionStoreFailed>
  /** In order; may lose its last moment in a power cut. */
  readonly appendTranscript: (
    run: string,
    phase: string,
    attempt: number,
    lines: ReadonlyArray<string>
  ) => Effect.Effect<void, SessionStoreFailed>
  readonly transcript: (
    run: string,
    phase: string,
    attempt: number
  ) => Effect.Effect<ReadonlyArray<string>, SessionStoreFailed>
  /** Everything of the run goes away; a run that is not there is no error. */
  readonly remove: (run: string) => Effect.Effect<void, SessionStoreFailed>
  /** Where a person finds the run; undefined when there is no such place. */
  readonly location: (run: string) => string | undefined
  /**
   * For stores whose exclusiveness can end while they are open: comes to an end when it has, and the daemon then ends at once.
   * Every other method fails from then on. Absent where that cannot happen.
   */
  readonly lost?: Effect.Effect<SessionStoreFailed>
}
