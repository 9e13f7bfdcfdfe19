/** Which records a query asks for, and which page of them. Pure. */
import { DateTime, Option } from "effect"
import { type LogEntry, LogLevel, type LogQuery } from "../../schemas/Log.ts"

export const DEFAULT_LIMIT = 200
const MAX_LIMIT = 10_000

const ranks: ReadonlyMap<string, number> = new Map(LogLevel.literals.map((level, rank) => [level, rank]))
const rank = (level: LogLevel): number => ranks.get(level) ?? 0

export const limitOf = (query: LogQuery): number => Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)

/** `*` is any run of characters up to a dot, `**` any at all; everything else is itself. */
export const globPattern = (glob: string): RegExp => {
  const parts = glob.split(/(\*+)/).map((part) =>
    part === "*" ? "[^.]*" : part.startsWith("*") ? ".*" : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")
  )
  return new RegExp(`^${parts.join("")}$`, "s")
}

/** Milliseconds since 1970; undefined for what is no time. */
export const millisOf = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Option.getOrUndefined(Option.map(DateTime.make(time), DateTime.toEpochMillis))

export const logFilter = (query: LogQuery): (entry: LogEntry) => boolean => {
  const target = query.target_glob === undefined ? undefined : globPattern(query.target_glob)
  const least = query.min_level === undefined ? 0 : rank(query.min_level)
  const [since, until] = [millisOf(query.since), millisOf(query.until)]
  return (entry) => {
    if (rank(entry.level) < least) return false
    if (query.source !== undefined && entry.source !== query.source) return false
    if (query.source_name !== undefined && entry.source_name !== query.source_name) return false
    if (target !== undefined && !target.test(entry.target)) return false
    if (since === undefined && until === undefined) return true
    const at = millisOf(entry.ts) ?? 0
    return (since === undefined || at >= since) && (until === undefined || at < until)
  }
}

/**
 * Collects the page a query asks for from entries that come newest first. A page holds the newest entries that match, before
 * the entry that `cursor` names; the cursor of the next, older page is the oldest entry of this one.
 */
export class PageCollector {
  readonly #matches: (entry: LogEntry) => boolean
  readonly #limit: number
  readonly #since: number | undefined
  readonly #found: Array<LogEntry> = []
  #cursor: string | undefined
  #more = false

  constructor(query: LogQuery) {
    this.#matches = logFilter(query)
    this.#limit = limitOf(query)
    this.#since = millisOf(query.since)
    this.#cursor = query.cursor
  }

  /** False once nothing older can belong to the page. */
  add(entry: LogEntry): boolean {
    if (this.#cursor !== undefined) {
      if (this.#cursor === entry.id) this.#cursor = undefined
      return true
    }
    if (this.#since !== undefined && (millisOf(entry.ts) ?? this.#since) < this.#since) return false
    if (!this.#matches(entry)) return true
    this.#more = this.#found.length >= this.#limit
    if (!this.#more) this.#found.push(entry)
    return !this.#more
  }

  page() {
    const nextCursor = this.#more ? this.#found.at(-1)?.id : undefined
    return { entries: this.#found.toReversed(), nextCursor }
  }
}
