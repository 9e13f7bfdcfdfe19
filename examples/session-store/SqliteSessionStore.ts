/** A session store of an embedder's own: one SQLite file. All there is to implement is the driver; the rest is Animus. */
import { SequenceConflict, SessionStoreFailed, StoreUnreachable } from "animus/schemas/errors/RunErrors"
import type { RunStatus } from "animus/schemas/RunEvent"
import { SessionStore } from "animus/session/SessionStore"
import type { IndexQuery, IndexRow, JournalLine, SessionStoreDriver } from "animus/session/SessionStoreDriver"
import { Effect } from "effect"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entry (run TEXT, sequence INTEGER, line TEXT, PRIMARY KEY (run, sequence)) STRICT;
  CREATE TABLE IF NOT EXISTS head
    (run TEXT PRIMARY KEY, sequence INTEGER, status TEXT, finished INTEGER, sort TEXT, head TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS session (run TEXT, phase TEXT, record TEXT, PRIMARY KEY (run, phase)) STRICT;
  CREATE TABLE IF NOT EXISTS transcript (id INTEGER PRIMARY KEY, run TEXT, phase TEXT, attempt INTEGER, line TEXT) STRICT;
`

type Row = Record<string, unknown>

const rowOf = (row: Row): IndexRow => ({
  run: String(row["run"]),
  sequence: Number(row["sequence"]),
  status: String(row["status"]) as RunStatus,
  finished: row["finished"] === 1,
  order: String(row["sort"]),
  head: String(row["head"])
})

class SqliteDriver implements SessionStoreDriver {
  private readonly path: string
  private readonly db: DatabaseSync

  constructor(path: string) {
    this.path = path
    this.db = new DatabaseSync(path)
    this.db.exec(schema)
  }

  close() {
    this.db.close()
  }

  private attempt<A>(operation: string, run: () => A) {
    const failed = (cause: unknown) =>
      new SessionStoreFailed({ reason: new StoreUnreachable({ operation, path: this.path, detail: String(cause) }) })
    return Effect.try({ try: run, catch: failed })
  }
  private all(sql: string, ...values: ReadonlyArray<SQLInputValue>): ReadonlyArray<Row> {
    return this.db.prepare(sql).all(...values)
  }
  private run(sql: string, ...values: ReadonlyArray<SQLInputValue>) {
    this.db.prepare(sql).run(...values)
  }
  private heads(where: string, ...values: ReadonlyArray<SQLInputValue>): ReadonlyArray<IndexRow> {
    return this.all(`SELECT * FROM head ${where}`, ...values).map(rowOf)
  }

  /** The sequence that was last before this; the caller compares. All or nothing. */
  private commit(expected: number, lines: ReadonlyArray<JournalLine>, row: IndexRow): number {
    this.db.exec("BEGIN IMMEDIATE")
    try {
      const last = this.heads("WHERE run = ?", row.run)[0]?.sequence ?? 0
      if (last === expected) {
        for (const { line, sequence } of lines) this.run("INSERT INTO entry VALUES (?, ?, ?)", row.run, sequence, line)
        const { finished, head, order, run, sequence, status } = row
        const values = [run, sequence, status, finished ? 1 : 0, order, head]
        this.run("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?)", ...values)
      }
      this.db.exec("COMMIT")
      return last
    } catch (error) {
      this.db.exec("ROLLBACK")
      throw error
    }
  }

  append(expected: number, lines: ReadonlyArray<JournalLine>, row: IndexRow) {
    return Effect.flatMap(
      this.attempt("append to", () => this.commit(expected, lines, row)),
      (actual) =>
        actual === expected ? Effect.void : Effect.fail(new SequenceConflict({ run: row.run, expected, actual }))
    )
  }
  read(run: string, after: number) {
    const sql = "SELECT line FROM entry WHERE run = ? AND sequence > ? ORDER BY sequence"
    return this.attempt(
      "read",
      () =>
        this.heads("WHERE run = ?", run).length === 0
          ? undefined
          : this.all(sql, run, after).map((row) => String(row["line"]))
    )
  }
  row(run: string) {
    return this.attempt("read", () => this.heads("WHERE run = ?", run)[0])
  }
  rows({ before, limit, statuses }: IndexQuery) {
    const wanted = statuses === undefined ? "" : `AND status IN (${statuses.map(() => "?").join(", ")})`
    const older = before === undefined ? "" : "AND sort < ?"
    const values = [...statuses ?? [], ...before === undefined ? [] : [before], limit]
    return this.attempt("list", () => this.heads(`WHERE 1 ${wanted} ${older} ORDER BY sort DESC LIMIT ?`, ...values))
  }
  get unfinished() {
    return this.attempt("list", () => this.heads("WHERE finished = 0 ORDER BY sort DESC"))
  }
  /** A table is readable as a whole, or not at all. */
  readonly unreadable = Effect.succeed([])
  putSession(run: string, phase: string, record: string) {
    return this.attempt("write", () => this.run("INSERT OR REPLACE INTO session VALUES (?, ?, ?)", run, phase, record))
  }
  session(run: string, phase: string) {
    const sql = "SELECT record FROM session WHERE run = ? AND phase = ?"
    return this.attempt("read", () => this.all(sql, run, phase).map((row) => String(row["record"]))[0])
  }
  appendTranscript(run: string, phase: string, attempt: number, lines: ReadonlyArray<string>) {
    const sql = "INSERT INTO transcript VALUES (NULL, ?, ?, ?, ?)"
    return this.attempt("write", () => lines.forEach((line) => this.run(sql, run, phase, attempt, line)))
  }
  transcript(run: string, phase: string, attempt: number) {
    const sql = "SELECT line FROM transcript WHERE run = ? AND phase = ? AND attempt = ? ORDER BY id"
    return this.attempt("read", () => this.all(sql, run, phase, attempt).map((row) => String(row["line"])))
  }
  remove(run: string) {
    return this.attempt("remove from", () => {
      for (const table of ["entry", "head", "session", "transcript"]) {
        this.run(`DELETE FROM ${table} WHERE run = ?`, run)
      }
    })
  }
  location() {
    return this.path
  }
}

export const layer = (path: string) =>
  SessionStore.layerOf(
    Effect.acquireRelease(Effect.sync(() => new SqliteDriver(path)), (driver) => Effect.sync(() => driver.close()))
  )
