/** The index rows of a store, in memory: by run, and listed newest first, of any status as quickly as of all. */
import type { RunStatus } from "../schemas/RunEvent.ts"
import type { IndexQuery, IndexRow } from "../src/session/SessionStoreDriver.ts"

/** Rows by `order`, ascending: a new run comes last, so that it is added without moving any other. */
class Listed {
  readonly #rows: Array<IndexRow>

  constructor(rows: Array<IndexRow> = []) {
    this.#rows = rows
  }

  put(row: IndexRow): void {
    const at = this.#position(row.order)
    if (this.#rows[at]?.order === row.order) this.#rows[at] = row
    else if (at === this.#rows.length) this.#rows.push(row)
    else this.#rows.splice(at, 0, row)
  }

  remove(order: string): void {
    const at = this.#position(order)
    if (this.#rows[at]?.order === order) this.#rows.splice(at, 1)
  }

  /** Newest first. */
  page(limit: number, before?: string): ReadonlyArray<IndexRow> {
    const end = before === undefined ? this.#rows.length : this.#position(before)
    return this.#rows.slice(Math.max(0, end - limit), end).toReversed()
  }

  /** Of the first one that is not smaller. */
  #position(order: string): number {
    let low = 0
    let high = this.#rows.length
    // Mostly it is the newest, or a newer one.
    if (high === 0 || (this.#rows[high - 1]?.order ?? "") < order) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#rows[middle]?.order ?? "") < order) low = middle + 1
      else high = middle
    }
    return low
  }
}

const newestFirst = (a: IndexRow, b: IndexRow) => a.order < b.order ? 1 : -1

export class RunIndex {
  readonly #rows = new Map<string, IndexRow>()
  readonly #all: Listed
  readonly #of = new Map<RunStatus, Listed>()
  readonly #unfinished: Listed

  /** Sorted once: one after the other, in any order, they would be moved around each other again and again. */
  constructor(rows: Iterable<IndexRow> = []) {
    const sorted = [...rows].toSorted((a, b) => newestFirst(b, a))
    this.#all = new Listed(sorted)
    this.#unfinished = new Listed(sorted.filter(({ finished }) => !finished))
    for (const row of sorted) {
      this.#rows.set(row.run, row)
      this.#listed(row.status).put(row)
    }
  }

  get(run: string): IndexRow | undefined {
    return this.#rows.get(run)
  }

  put(row: IndexRow): void {
    const known = this.#rows.get(row.run)
    if (known !== undefined && known.status !== row.status) this.#listed(known.status).remove(known.order)
    this.#rows.set(row.run, row)
    this.#all.put(row)
    this.#listed(row.status).put(row)
    if (row.finished) this.#unfinished.remove(row.order)
    else this.#unfinished.put(row)
  }

  remove(run: string): void {
    const row = this.#rows.get(run)
    if (row === undefined) return
    this.#rows.delete(run)
    for (const listed of [this.#all, this.#listed(row.status), this.#unfinished]) listed.remove(row.order)
  }

  query({ before, limit, statuses }: IndexQuery): ReadonlyArray<IndexRow> {
    if (statuses === undefined) return this.#all.page(limit, before)
    return [...new Set(statuses)]
      .flatMap((status) => this.#listed(status).page(limit, before))
      .toSorted(newestFirst)
      .slice(0, limit)
  }

  unfinished(): ReadonlyArray<IndexRow> {
    return this.#unfinished.page(Number.POSITIVE_INFINITY)
  }

  #listed(status: RunStatus): Listed {
    const listed = this.#of.get(status) ?? new Listed()
    this.#of.set(status, listed)
    return listed
  }
}
