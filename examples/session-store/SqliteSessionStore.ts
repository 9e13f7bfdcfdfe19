/** A session store of an embedder's own: one SQLite file. All there is to implement is the driver; the rest is Animus. */
import { SequenceConflict, SessionStoreFailed, StoreUnreachable } from "animus/schemas/errors/RunErrors"
import type { RunStatus } from "animus/schemas/RunEvent"
import { SessionStore } from "animus/session/SessionStore"
import type { IndexQuery, IndexRow, SessionStoreDriver } from "animus/session/SessionStoreDriver"
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

const driverOf = (path: string, db: DatabaseSync): SessionStoreDriver => {
  const attempt = <A>(operation: string, run: () => A) =>
    Effect.try({
      try: run,
      catch: (cause) =>
        new SessionStoreFailed({ reason: new StoreUnreachable({ operation, path, detail: String(cause) }) })
    })
  const all = (sql: string, ...values: ReadonlyArray<SQLInputValue>): ReadonlyArray<Row> =>
    db.prepare(sql).all(...values)
  const run = (sql: string, ...values: ReadonlyArray<SQLInputValue>) => db.prepare(sql).run(...values)
  const rowsWhere = (where: string, ...values: ReadonlyArray<SQLInputValue>) =>
    all(`SELECT * FROM head ${where}`, ...values).map(rowOf)

  const matching = ({ before, limit, statuses }: IndexQuery) => {
    const wanted = statuses === undefined ? "" : `AND status IN (${statuses.map(() => "?").join(", ")})`
    const older = before === undefined ? "" : "AND sort < ?"
    const values = [...statuses ?? [], ...before === undefined ? [] : [before], limit]
    return rowsWhere(`WHERE 1 ${wanted} ${older} ORDER BY sort DESC LIMIT ?`, ...values)
  }

  return {
    append: Effect.fnUntraced(function*(expected, lines, row) {
      const actual = yield* attempt("append to", () => {
        db.exec("BEGIN IMMEDIATE")
        try {
          const known = Number(all("SELECT sequence FROM head WHERE run = ?", row.run)[0]?.["sequence"] ?? 0)
          if (known === expected) {
            for (const { line, sequence } of lines) run("INSERT INTO entry VALUES (?, ?, ?)", row.run, sequence, line)
            run(
              "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?)",
              row.run,
              row.sequence,
              row.status,
              row.finished ? 1 : 0,
              row.order,
              row.head
            )
          }
          db.exec("COMMIT")
          return known
        } catch (error) {
          db.exec("ROLLBACK")
          throw error
        }
      })
      if (actual !== expected) return yield* new SequenceConflict({ run: row.run, expected, actual })
    }),
    read: (id, after) =>
      attempt("read", () => {
        if (rowsWhere("WHERE run = ?", id).length === 0) return undefined
        return all("SELECT line FROM entry WHERE run = ? AND sequence > ? ORDER BY sequence", id, after).map((row) =>
          String(row["line"])
        )
      }),
    row: (id) => attempt("read", () => rowsWhere("WHERE run = ?", id)[0]),
    rows: (query) => attempt("list", () => matching(query)),
    unfinished: attempt("list", () => rowsWhere("WHERE finished = 0 ORDER BY sort DESC")),
    putSession: (id, phase, record) =>
      Effect.asVoid(attempt("write", () => run("INSERT OR REPLACE INTO session VALUES (?, ?, ?)", id, phase, record))),
    session: (id, phase) =>
      attempt("read", () => {
        const row = all("SELECT record FROM session WHERE run = ? AND phase = ?", id, phase)[0]
        return row === undefined ? undefined : String(row["record"])
      }),
    appendTranscript: (id, phase, attemptNumber, lines) =>
      attempt("write", () => {
        for (const line of lines) {
          run("INSERT INTO transcript VALUES (NULL, ?, ?, ?, ?)", id, phase, attemptNumber, line)
        }
      }),
    transcript: (id, phase, attemptNumber) =>
      attempt(
        "read",
        () =>
          all(
            "SELECT line FROM transcript WHERE run = ? AND phase = ? AND attempt = ? ORDER BY id",
            id,
            phase,
            attemptNumber
          )
            .map((row) => String(row["line"]))
      ),
    remove: (id) =>
      attempt("remove from", () => {
        for (const table of ["entry", "head", "session", "transcript"]) run(`DELETE FROM ${table} WHERE run = ?`, id)
      }),
    location: () => path
  }
}

export const layer = (path: string) =>
  SessionStore.layerOf(
    Effect.acquireRelease(Effect.sync(() => new DatabaseSync(path)), (db) => Effect.sync(() => db.close())).pipe(
      Effect.tap((db) => Effect.sync(() => db.exec(schema))),
      Effect.map((db) => driverOf(path, db))
    )
  )
