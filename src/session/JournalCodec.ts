/** How entries, heads and records look as strings. What does not decode is damage, with its place; it is never skipped. */
import { Effect, Schema } from "effect"
import { SessionStoreFailed, StoreDamaged } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import { JournalEntry, RunHead } from "../../schemas/RunEvent.ts"
import { SessionRecord } from "../../schemas/SessionRecord.ts"
import { advanceHead, isFinished } from "./RunHead.ts"
import type { IndexRow, JournalLine } from "./SessionStoreDriver.ts"

const EntryText = Schema.fromJsonString(JournalEntry)
const HeadText = Schema.fromJsonString(RunHead)
const RecordText = Schema.fromJsonString(SessionRecord)

const decodeEntryText = Schema.decodeUnknownEffect(EntryText)
const decodeHeadText = Schema.decodeUnknownEffect(HeadText)
const decodeRecordText = Schema.decodeUnknownEffect(RecordText)
const encodeEntryText = Schema.encodeSync(EntryText)
const encodeHeadText = Schema.encodeSync(HeadText)
const encodeRecord = Schema.encodeSync(SessionRecord)

export const damaged = (path: string, line: number, detail: string) =>
  new SessionStoreFailed({ reason: new StoreDamaged({ path, line, detail }) })

export const encodeEntry = (entry: JournalEntry): JournalLine => ({
  sequence: entry.sequence,
  line: encodeEntryText(entry)
})

const orderOf = ({ run, started_at }: RunHead): string => `${started_at} ${run}`

/** Whether it could be where a page ended. */
export const isOrder = (text: string): boolean => {
  const [started, ...run] = text.split(" ")
  return run.length === 1 && Number.isFinite(Date.parse(started ?? ""))
}

/** The head becomes a text when it is asked for, which a store that keeps rows in memory seldom does. */
export const encodeRow = (head: RunHead): IndexRow => {
  let text: string | undefined
  return {
    run: head.run,
    sequence: head.sequence,
    status: head.status,
    finished: isFinished(head.status),
    order: orderOf(head),
    get head() {
      return text ??= encodeHeadText(head)
    }
  }
}

/** Pretty: people read these files. */
export const encodeRecordText = (record: SessionRecord): string => `${JSON.stringify(encodeRecord(record), null, 2)}\n`

/** The first line must carry sequence `after + 1`, each further one the next: a line that is missing is damage as well. */
export const decodeEntries = Effect.fnUntraced(function*(path: string, after: number, lines: ReadonlyArray<string>) {
  const entries: Array<JournalEntry> = []
  for (const line of lines) {
    const sequence = after + entries.length + 1
    const entry = yield* Effect.mapError(decodeEntryText(line), (error) => damaged(path, sequence, error.message))
    if (entry.sequence !== sequence) {
      return yield* damaged(path, sequence, `it carries sequence ${entry.sequence}, ${sequence} was to come`)
    }
    entries.push(entry)
  }
  return entries
})

export const decodeRow = (path: string, row: IndexRow) =>
  Effect.mapError(decodeHeadText(row.head), (error) => damaged(path, 1, `index: ${error.message}`))

export const decodeRecord = (path: string, text: string) =>
  Effect.mapError(decodeRecordText(text), (error) => damaged(path, 1, error.message))

/** The index row of a whole journal; undefined when it is empty. For stores that rebuild their index. */
export const foldRow = Effect.fnUntraced(function*(path: string, run: RunId, lines: ReadonlyArray<string>) {
  const entries = yield* decodeEntries(path, 0, lines)
  const head = entries.reduce<RunHead | undefined>((head, entry) => advanceHead(head, run, entry), undefined)
  return head === undefined ? undefined : encodeRow(head)
})
