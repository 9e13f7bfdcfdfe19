/** A store that an embedder might write: rows in an SQLite database of its own, nothing of ours but the driver's contract. */
import { Effect } from "effect"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import { SequenceConflict } from "../../schemas/errors/RunErrors.ts"
import type { IndexRow, SessionStoreDriver } from "../../src/session/SessionStoreDriver.ts"

const schema = `
  create table runs (run text primary key, sort text not null, finished int not null, status text not null, row text not null);
  create table lines (run text, sequence int, line text not null, primary key (run, sequence));
  create table files (run text, name text, position int, text text not null, primary key (run, name, position));
`

export const strangersDriver = Effect.gen(function*() {
  const database = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(":memory:")),
    (database) => Effect.sync(() => database.close())
  )
  database.exec(schema)
  const all = (sql: string, ...values: ReadonlyArray<SQLInputValue>) => database.prepare(sql).all(...values)
  const rowsOf = (found: ReturnType<typeof all>): ReadonlyArray<IndexRow> =>
    found.map(({ row }) => JSON.parse(String(row)))
  const texts = (found: ReturnType<typeof all>) => found.map(({ text }) => String(text))
  const add = (run: string, name: string, position: number, text: string) =>
    all("insert or replace into files values (?, ?, ?, ?)", run, name, position, text)
  const driver: SessionStoreDriver = {
    append: (expected, lines, row) =>
      Effect.suspend(() => {
        const actual = rowsOf(all("select row from runs where run = ?", row.run))[0]?.sequence ?? 0
        if (actual !== expected) return new SequenceConflict({ run: row.run, expected, actual })
        database.exec("begin")
        for (const { line, sequence } of lines) all("insert into lines values (?, ?, ?)", row.run, sequence, line)
        const values = [row.run, row.order, Number(row.finished), row.status, JSON.stringify(row)]
        all("insert or replace into runs values (?, ?, ?, ?, ?)", ...values)
        database.exec("commit")
        return Effect.void
      }),
    read: (run, after) =>
      Effect.sync(() => {
        if (all("select run from runs where run = ?", run).length === 0) return undefined
        return texts(all("select line as text from lines where run = ? and sequence > ? order by sequence", run, after))
      }),
    row: (run) => Effect.sync(() => rowsOf(all("select row from runs where run = ?", run))[0]),
    rows: ({ before, limit, statuses }) =>
      Effect.sync(() => {
        const found = all(
          `select row from runs where (?1 is null or sort < ?1) and (?2 is null or status in (select value from json_each(?2)))
           order by sort desc limit ?3`,
          before ?? null,
          statuses === undefined ? null : JSON.stringify(statuses),
          limit
        )
        return rowsOf(found)
      }),
    unfinished: Effect.sync(() => rowsOf(all("select row from runs where finished = 0 order by sort desc"))),
    unreadable: Effect.succeed([]),
    putSession: (run, phase, record) => Effect.sync(() => void add(run, `session ${phase}`, 0, record)),
    session: (run, phase) =>
      Effect.sync(() => texts(all("select text from files where run = ? and name = ?", run, `session ${phase}`))[0]),
    appendTranscript: (run, phase, attempt, lines) =>
      Effect.sync(() => {
        const name = `transcript ${attempt} ${phase}`
        const from = all("select text from files where run = ? and name = ?", run, name).length
        lines.forEach((line, index) => add(run, name, from + index, line))
      }),
    transcript: (run, phase, attempt) =>
      Effect.sync(() => {
        const name = `transcript ${attempt} ${phase}`
        return texts(all("select text from files where run = ? and name = ? order by position", run, name))
      }),
    remove: (run) =>
      Effect.sync(() => ["runs", "lines", "files"].forEach((table) => all(`delete from ${table} where run = ?`, run))),
    location: () => undefined
  }
  return driver
})
