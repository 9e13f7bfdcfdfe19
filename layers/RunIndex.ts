/** The index rows of a store, in memory: by run, and listed newest first. */
import type { IndexQuery, IndexRow } from "../src/session/SessionStoreDriver.ts"

export class RunIndex {
  readonly #rows = new Map<string, IndexRow>()
  /** Ascending; each stands for one row. */
  readonly #orders: Array<string> = []
  readonly #runOf = new Map<string, string>()

  get(run: string): IndexRow | undefined {
    return this.#rows.get(run)
  }

  put(row: IndexRow): void {
    this.remove(row.run)
    this.#rows.set(row.run, row)
    this.#runOf.set(row.order, row.run)
    this.#orders.splice(this.#position(row.order), 0, row.order)
  }

  remove(run: string): void {
    const row = this.#rows.get(run)
    if (row === undefined) return
    this.#rows.delete(run)
    this.#runOf.delete(row.order)
    this.#orders.splice(this.#position(row.order), 1)
  }

  query({ before, limit, statuses }: IndexQuery): ReadonlyArray<IndexRow> {
    const rows: Array<IndexRow> = []
    const wanted = statuses === undefined ? undefined : new Set(statuses)
    for (const row of this.#newestFirst(before)) {
      if (rows.length >= limit) break
      if (wanted === undefined || wanted.has(row.status)) rows.push(row)
    }
    return rows
  }

  unfinished(): ReadonlyArray<IndexRow> {
    return [...this.#newestFirst(undefined)].filter((row) => !row.finished)
  }

  *#newestFirst(before: string | undefined): Iterable<IndexRow> {
    const end = before === undefined ? this.#orders.length : this.#position(before)
    for (let at = end - 1; at >= 0; at--) {
      const row = this.#rows.get(this.#runOf.get(this.#orders[at] ?? "") ?? "")
      if (row !== undefined) yield row
    }
  }

  /** Of the first one that is not smaller. */
  #position(order: string): number {
    let low = 0
    let high = this.#orders.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#orders[middle] ?? "") < order) low = middle + 1
      else high = middle
    }
    return low
  }
}
