/**
 * Whose process is it: what descends from something we started, whatever became of its parent, its session and its
 * environment. Five traces tell, and a process would have to lose all of them before anybody looks. Pure, but for what a
 * `Kin` remembers.
 */
import { Schema } from "effect"
import type { ProcessRow, Sighting } from "./ProcessTable.ts"

/** What tells the family of one process from everything else that runs. */
export const Traces = Schema.Struct({
  plugin: Schema.String,
  pid: Schema.Int,
  startTime: Schema.String,
  cookie: Schema.String,
  generation: Schema.String,
  /**
   * The kernel ignores the limit on file locks since Linux 2.4, keeps it over fork, exec and setsid, and shows it: a number
   * there marks what no environment marks any more. Absent where there was no way to set it.
   */
  limit: Schema.optionalKey(Schema.Int),
  /** Its ends of our pipes: only it and its heirs hold them. */
  stdio: Schema.Array(Schema.String)
})
export type Traces = typeof Traces.Type

/** In the words of `animus plugin orphans`. */
export type Trace = "itself" | "its environment" | "its limit on file locks" | "the plugin's stdio" | "its parent"

export interface Relative extends ProcessRow {
  readonly plugin: string
  readonly by: Trace
}

export const isSame = (a: ProcessRow, b: ProcessRow): boolean => a.pid === b.pid && a.startTime === b.startTime

export const keyOf = ({ pid, startTime }: ProcessRow): string => `${pid}@${startTime}`

export const nameOf = ({ command, pid }: ProcessRow): string => `${command} (${pid})`

/** Heirs are younger than what they inherit from. */
const isOlder = (seen: ProcessRow, startTime: string): boolean => Number(seen.startTime) < Number(startTime)

/** By what can be seen of the process itself. */
export const traceOf = (traces: Traces, seen: Sighting): Trace | undefined => {
  if (isOlder(seen, traces.startTime)) return undefined
  if (seen.pid === traces.pid && seen.startTime === traces.startTime) return "itself"
  if (traces.limit !== undefined && seen.limit() === traces.limit) return "its limit on file locks"
  const mark = seen.mark()
  const marked = mark !== undefined && mark.cookie === traces.cookie && mark.cookie !== "" &&
    mark.generation === traces.generation && mark.plugin === traces.plugin
  if (marked) return "its environment"
  return traces.stdio.length > 0 && seen.holds(traces.stdio) ? "the plugin's stdio" : undefined
}

type Recognised = Pick<Relative, "plugin" | "by">

/** How many strangers are remembered, so that they are looked at closely only once. */
const STRANGERS = 4096

/** Those that belong, by themselves or by descent. Whoever belonged once does until it ends, orphaned or not. */
export class Kin {
  private members = new Map<number, Relative>()
  /** Only a parent that turned out to belong can make these kin. */
  private readonly strangers = new Map<number, string>()
  private readonly recognise: (seen: Sighting) => Recognised | undefined
  private readonly apart: Traces | undefined

  /** `apart`: its children belong, and it does not. */
  constructor(recognise: (seen: Sighting) => Recognised | undefined, apart?: Traces) {
    this.recognise = recognise
    this.apart = apart
  }

  readonly belongs = (seen: Sighting): boolean => {
    if (this.apart !== undefined && this.apart.pid === seen.pid && this.apart.startTime === seen.startTime) return false
    const known = this.members.get(seen.pid)
    if (known !== undefined && isSame(known, seen)) return true
    const recognised = this.byParent(seen) ?? this.byItself(seen)
    if (recognised === undefined) return false
    const { command, pid, startTime } = seen
    this.members.set(pid, { pid, startTime, command, ...recognised })
    return true
  }

  /** A verdict is kept as long as nothing hangs on it. */
  lookAgain(): void {
    this.strangers.clear()
  }

  /** These are all of it that were found: whoever else was known is gone. */
  settle(rows: ReadonlyArray<ProcessRow>): ReadonlyArray<Relative> {
    const found = rows.flatMap((row) => {
      const known = this.members.get(row.pid)
      return known !== undefined && isSame(known, row) ? [known] : []
    })
    this.members = new Map(found.map((row) => [row.pid, row]))
    return found
  }

  private byParent(seen: Sighting): Recognised | undefined {
    const parent = this.members.get(seen.parent) ?? (this.apart?.pid === seen.parent ? this.apart : undefined)
    if (parent === undefined || isOlder(seen, parent.startTime)) return undefined
    return { plugin: parent.plugin, by: "its parent" }
  }

  private byItself(seen: Sighting): Recognised | undefined {
    if (this.strangers.get(seen.pid) === seen.startTime) return undefined
    const recognised = this.recognise(seen)
    if (recognised === undefined) {
      if (this.strangers.size >= STRANGERS) this.strangers.clear()
      this.strangers.set(seen.pid, seen.startTime)
    }
    return recognised
  }
}

const byTraces = (traces: Traces) => (seen: Sighting): Recognised | undefined => {
  const by = traceOf(traces, seen)
  return by && { plugin: traces.plugin, by }
}

/** Whatever descends from it, and not the process itself. */
export const heirsOf = (traces: Traces): Kin => new Kin(byTraces(traces), traces)

const oneOf = (traces: Traces, rows: ReadonlyArray<ProcessRow>) => (seen: Sighting): Recognised | undefined =>
  rows.some((row) => isSame(row, seen)) ? { plugin: traces.plugin, by: "its parent" } : undefined

/** These with whatever they start, and nobody else. */
export const kinAmong = (traces: Traces, rows: ReadonlyArray<ProcessRow>): Kin => new Kin(oneOf(traces, rows))

/** Whatever descends from the process, but not these, nor what they start. */
export const heirsBut = (traces: Traces, spared: ReadonlyArray<ProcessRow>): Kin => {
  const kept = kinAmong(traces, spared)
  const recognise = byTraces(traces)
  return new Kin((seen) => kept.belongs(seen) ? undefined : recognise(seen), traces)
}
