/**
 * One page out of two logs that hold partly the same records: each once, by its id, as the first of them has it. Pages are cut by
 * time and id, so that the next one begins where this one ended in both. Pure.
 */
import { DateTime } from "effect"
import type { LogEntry, LogQuery } from "../schemas/Log.ts"
import type { LogPage } from "../src/log/LogBackend.ts"
import { limitOf, millisOf } from "../src/log/LogFilter.ts"

/** Records of one millisecond that a page can be cut in the middle of. */
const SLACK = 1000

interface Cut {
  readonly at: number
  readonly id: string
}

const cutOf = (cursor: string | undefined): Cut | undefined => {
  const [ts = "", id] = (cursor ?? "").split(" ")
  const at = millisOf(ts)
  return at === undefined || id === undefined ? undefined : { at, id }
}

const cursorOf = ({ id, ts }: LogEntry): string => `${ts} ${id}`

const placeOf = ({ id, ts }: LogEntry): Cut => ({ at: millisOf(ts) ?? 0, id })

const compare = (one: Cut, other: Cut): number =>
  one.at - other.at || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)

/** What to ask each of the logs for, so that the merged page is whole. */
export const queryOfEach = (query: LogQuery): LogQuery => {
  const cut = cutOf(query.cursor)
  if (cut === undefined) return query
  const { cursor: _, until, ...rest } = query
  const end = Math.min(cut.at + 1, millisOf(until) ?? Infinity)
  return { ...rest, until: DateTime.formatIso(DateTime.makeUnsafe(end)), limit: limitOf(query) + SLACK }
}

export const mergePages = (query: LogQuery, pages: ReadonlyArray<LogPage>): LogPage => {
  const cut = cutOf(query.cursor)
  // Of two records with one id the map keeps the later.
  const once = new Map(pages.toReversed().flatMap(({ entries }) => entries.map((entry) => [entry.id, entry] as const)))
  const all = [...once.values()]
    .filter((entry) => cut === undefined || compare(placeOf(entry), cut) < 0)
    .toSorted((one, other) => compare(placeOf(one), placeOf(other)))
  const entries = all.slice(-limitOf(query))
  const [oldest] = entries
  const more = all.length > entries.length || pages.some(({ nextCursor }) => nextCursor !== undefined)
  return { entries, nextCursor: more && oldest !== undefined ? cursorOf(oldest) : undefined }
}
