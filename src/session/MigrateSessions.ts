/**
 * Everything that one store knows, copied into another and compared with it. It only ever adds: begun again after a crash it
 * goes on where it was, and the store that is moved away from stays as it is.
 */
import { Effect } from "effect"
import { SessionsDiverged } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry } from "../../schemas/RunEvent.ts"
import { decodeEntries } from "./JournalCodec.ts"
import type { IndexRow, SessionStoreDriver } from "./SessionStoreDriver.ts"

export interface Migrated {
  readonly runs: number
  readonly events: number
  readonly sessions: number
  readonly transcripts: number
  /** Runs that were there already, whole. */
  readonly unchanged: number
}

const PAGE = 200

type Lines = ReadonlyArray<string>

const begins = (whole: Lines, part: Lines) =>
  part.length <= whole.length && part.every((line, at) => line === whole[at])
const same = (one: Lines, other: Lines) => one.length === other.length && begins(one, other)

/** How often each phase was attempted; zero for those that never began. A store lists no phases: the journal knows them. */
const attemptsOf = (entries: ReadonlyArray<JournalEntry>): ReadonlyMap<string, number> => {
  const attempts = new Map<string, number>()
  for (const { event } of entries) {
    if (event._tag === "RunStarted") { for (const { id } of event.definition.phases) attempts.set(id, 0) }
    else if ("attempt" in event) attempts.set(event.phase, Math.max(event.attempt, attempts.get(event.phase) ?? 0))
  }
  return attempts
}

const sameRow = (one: IndexRow, other: IndexRow | undefined) =>
  other !== undefined && one.head === other.head && one.order === other.order && one.sequence === other.sequence &&
  one.status === other.status && one.finished === other.finished

class Move {
  readonly from: SessionStoreDriver
  readonly to: SessionStoreDriver
  readonly counts = { runs: 0, events: 0, sessions: 0, transcripts: 0, unchanged: 0 }

  constructor(from: SessionStoreDriver, to: SessionStoreDriver) {
    this.from = from
    this.to = to
  }

  readonly session = Effect.fnUntraced({ self: this }, function*(run: string, phase: string) {
    const record = yield* this.from.session(run, phase)
    const there = yield* this.to.session(run, phase)
    if (record === undefined || record === there) return 0
    yield* this.to.putSession(run, phase, record)
    if ((yield* this.to.session(run, phase)) !== record) return yield* diverged(run, `the session of ${phase}`)
    return 1
  })

  readonly transcript = Effect.fnUntraced({ self: this }, function*(run: string, phase: string, attempt: number) {
    const [whole, there] = [
      yield* this.from.transcript(run, phase, attempt),
      yield* this.to.transcript(run, phase, attempt)
    ]
    const what = `the transcript of ${phase}, attempt ${attempt}`
    if (!begins(whole, there)) return yield* diverged(run, what)
    if (whole.length === there.length) return 0
    yield* this.to.appendTranscript(run, phase, attempt, whole.slice(there.length))
    if (!same(whole, yield* this.to.transcript(run, phase, attempt))) return yield* diverged(run, what)
    return 1
  })

  /** The journal comes last: a run that is listed is whole. */
  readonly run = Effect.fnUntraced({ self: this }, function*(row: IndexRow) {
    const { run } = row
    const whole = (yield* this.from.read(run, 0)) ?? []
    const entries = yield* decodeEntries(this.from.location(run) ?? `run ${run}`, 0, whole)
    const there = (yield* this.to.read(run, 0)) ?? []
    if (!begins(whole, there)) return yield* diverged(run, "its journal")
    let changes = 0
    for (const [phase, attempts] of attemptsOf(entries)) {
      changes += yield* this.counted("sessions", this.session(run, phase))
      for (let attempt = 1; attempt <= attempts; attempt++) {
        changes += yield* this.counted("transcripts", this.transcript(run, phase, attempt))
      }
    }
    const rest = entries.slice(there.length).map(({ sequence }) => ({ sequence, line: whole[sequence - 1] ?? "" }))
    if (rest.length > 0) yield* this.to.append(there.length, rest, row)
    const complete = same(whole, (yield* this.to.read(run, 0)) ?? []) && sameRow(row, yield* this.to.row(run))
    if (!complete) return yield* diverged(run, "its journal")
    this.counts.runs++
    this.counts.events += rest.length
    if (rest.length + changes === 0) this.counts.unchanged++
  })

  counted<E>(what: "sessions" | "transcripts", moved: Effect.Effect<number, E>) {
    return Effect.tap(moved, (count) => Effect.sync(() => this.counts[what] += count))
  }
}

const diverged = (run: string, what: string) => new SessionsDiverged({ run: RunId.make(run), what })

/** What cannot be read is not moved: nothing is, until that is mended. */
export const migrateSessions = Effect.fn("migrateSessions")(
  function*(from: SessionStoreDriver, to: SessionStoreDriver) {
    for (const { failure } of yield* from.unreadable) return yield* failure
    const move = new Move(from, to)
    let before: string | undefined
    do {
      const rows: ReadonlyArray<IndexRow> = yield* from.rows({ statuses: undefined, limit: PAGE, before })
      yield* Effect.forEach(rows, move.run, { discard: true })
      before = rows.length < PAGE ? undefined : rows.at(-1)?.order
    } while (before !== undefined)
    return move.counts satisfies Migrated
  }
)
