/**
 * Sessions in one SQLite file, `<scopeDir>/sessions/runs.sqlite`: for projects with more runs than one likes to have folders,
 * and for whoever wants to ask with SQL. An append is one transaction, on the disk when it returns. One daemon writes.
 */
import { Effect } from "effect"
import { chmodSync } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite"
import {
  SequenceConflict,
  SessionStoreFailed,
  StoreDamaged,
  StoreFull,
  StoreUnreachable
} from "../schemas/errors/RunErrors.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { isRunStatus } from "../src/session/RunHead.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import type { IndexQuery, IndexRow, JournalLine, SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"
import { attemptIfThere, syncFolder } from "./DurableFile.ts"
import { driver as nothing } from "./SessionStoreMemory.ts"
import { stateFolder } from "./StateFolder.ts"
import { acquireStoreLock } from "./StoreLock.ts"

/** Milliseconds, in which nothing else happens here: somebody who looks with `sqlite3` holds the file no longer than that. */
const BUSY = 1000

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS run (
    run TEXT PRIMARY KEY, sequence INTEGER NOT NULL, status TEXT NOT NULL, finished INTEGER NOT NULL,
    sort TEXT NOT NULL UNIQUE, head TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS run_by_status ON run (status, sort);
  CREATE INDEX IF NOT EXISTS run_unfinished ON run (sort) WHERE finished = 0;
  CREATE TABLE IF NOT EXISTS entry (
    run TEXT NOT NULL, sequence INTEGER NOT NULL, line TEXT NOT NULL, PRIMARY KEY (run, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS session (
    run TEXT NOT NULL, phase TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (run, phase)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS transcript (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, phase TEXT NOT NULL, attempt INTEGER NOT NULL, line TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS transcript_by_attempt ON transcript (run, phase, attempt);
`

const FOLDER = "sessions"
const FILE = "runs.sqlite"
const IN_MEMORY = ":memory:"
const SYNCED = "PRAGMA synchronous = FULL"

const FULL = 13
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26])

const failed = (path: string, operation: string, cause: unknown) => {
  const detail = cause instanceof Error ? cause.message : String(cause)
  // The extended code carries the plain one in its lowest byte.
  const code = typeof cause === "object" && cause !== null && "errcode" in cause
    ? Number(cause.errcode) & 0xff
    : undefined
  const reason = code === FULL
    ? new StoreFull({ path })
    : DAMAGED.has(code)
    ? new StoreDamaged({ path, line: 1, detail: `${detail}; it holds every run of this project` })
    : new StoreUnreachable({ operation, path, detail })
  return new SessionStoreFailed({ reason })
}

type Row = Record<string, SQLOutputValue>

const rowOf = (row: Row): IndexRow => {
  const status = row["status"]
  if (!isRunStatus(status)) throw new Error(`no run is "${String(status)}"`)
  return {
    run: String(row["run"]),
    sequence: Number(row["sequence"]),
    status,
    finished: row["finished"] === 1,
    order: String(row["sort"]),
    head: String(row["head"])
  }
}

/** Greater than every order there is. */
const NEWEST = "\u{10ffff}"

const ROW = "SELECT run, sequence, status, finished, sort, head FROM run"

const statements = (database: DatabaseSync) => {
  const prepare = (sql: string) => database.prepare(sql)
  const put = "INSERT INTO run (run, sequence, status, finished, sort, head) VALUES (?, ?, ?, ?, ?, ?)"
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    rollback: prepare("ROLLBACK"),
    row: prepare(`${ROW} WHERE run = ?`),
    page: prepare(`${ROW} WHERE sort < ? ORDER BY sort DESC LIMIT ?`),
    pageOf: prepare(`${ROW} WHERE status = ? AND sort < ? ORDER BY sort DESC LIMIT ?`),
    unfinished: prepare(`${ROW} WHERE finished = 0 ORDER BY sort DESC`),
    putRow: prepare(`${put} ON CONFLICT (run) DO UPDATE SET
      sequence = excluded.sequence, status = excluded.status, finished = excluded.finished, head = excluded.head`),
    putEntry: prepare("INSERT INTO entry (run, sequence, line) VALUES (?, ?, ?)"),
    entries: prepare("SELECT line AS text FROM entry WHERE run = ? AND sequence > ? ORDER BY sequence"),
    putSession: prepare("INSERT OR REPLACE INTO session (run, phase, record) VALUES (?, ?, ?)"),
    session: prepare("SELECT record AS text FROM session WHERE run = ? AND phase = ?"),
    putTranscript: prepare("INSERT INTO transcript (run, phase, attempt, line) VALUES (?, ?, ?, ?)"),
    transcript: prepare("SELECT line AS text FROM transcript WHERE run = ? AND phase = ? AND attempt = ? ORDER BY id"),
    remove: ["run", "entry", "session", "transcript"].map((table) => prepare(`DELETE FROM ${table} WHERE run = ?`))
  }
}

interface SqliteOptions {
  readonly readOnly?: boolean
  /** Further ones of the caller's, such as `cache_size = -8000` or `max_page_count = 100000`. */
  readonly pragmas?: ReadonlyArray<string>
}

class Sqlite {
  readonly path: string
  readonly database: DatabaseSync
  readonly ask: ReturnType<typeof statements>

  constructor(path: string, { pragmas = [], readOnly = false }: SqliteOptions) {
    this.path = path
    this.database = new DatabaseSync(path, { readOnly, timeout: BUSY })
    try {
      if (!readOnly) {
        if (path !== IN_MEMORY) chmodSync(path, 0o600)
        this.database.exec(SCHEMA)
      }
      this.database.exec(SYNCED)
      for (const pragma of pragmas) this.database.exec(`PRAGMA ${pragma}`)
      this.ask = statements(this.database)
    } catch (cause) {
      this.database.close()
      throw cause
    }
  }

  attempt<A>(operation: string, run: () => A) {
    return Effect.try({ try: run, catch: (cause) => failed(this.path, operation, cause) })
  }

  /** All of it or nothing. */
  transaction<A>(body: () => A): A {
    this.ask.begin.run()
    try {
      const result = body()
      this.ask.commit.run()
      return result
    } catch (cause) {
      // A full disk ends the transaction by itself.
      if (this.database.isTransaction) this.ask.rollback.run()
      throw cause
    }
  }

  texts(rows: ReadonlyArray<Row>): ReadonlyArray<string> {
    return rows.map(({ text }) => String(text))
  }

  row(run: string): IndexRow | undefined {
    const found = this.ask.row.get(run)
    return found === undefined ? undefined : rowOf(found)
  }

  /** Of each status its newest, so that a rare one is found as quickly as a common one. */
  rows({ before = NEWEST, limit, statuses }: IndexQuery): ReadonlyArray<IndexRow> {
    if (statuses === undefined) return this.ask.page.all(before, limit).map(rowOf)
    return [...new Set(statuses)]
      .flatMap((status) => this.ask.pageOf.all(status, before, limit).map(rowOf))
      .toSorted((a, b) => a.order < b.order ? 1 : -1)
      .slice(0, limit)
  }

  /** The sequence that was last before this; nothing was appended when it is not the one that was expected. */
  append(expected: number, lines: ReadonlyArray<JournalLine>, row: IndexRow): number {
    return this.transaction(() => {
      const actual = this.row(row.run)?.sequence ?? 0
      if (actual !== expected) return actual
      for (const { line, sequence } of lines) this.ask.putEntry.run(row.run, sequence, line)
      const values: ReadonlyArray<SQLInputValue> = [row.sequence, row.status, row.finished ? 1 : 0, row.order, row.head]
      this.ask.putRow.run(row.run, ...values)
      return actual
    })
  }

  /** Not worth waiting for the disk: what is appended to a journal later takes it along. */
  appendTranscript(run: string, phase: string, attempt: number, lines: ReadonlyArray<string>): void {
    this.database.exec("PRAGMA synchronous = NORMAL")
    try {
      this.transaction(() => lines.forEach((line) => this.ask.putTranscript.run(run, phase, attempt, line)))
    } finally {
      this.database.exec(SYNCED)
    }
  }
}

const driverOf = (store: Sqlite): SessionStoreDriver => ({
  append: (expected, lines, row) =>
    Effect.flatMap(
      store.attempt("append to", () => store.append(expected, lines, row)),
      (actual) => actual === expected ? Effect.void : new SequenceConflict({ run: row.run, expected, actual })
    ),
  read: (run, after) =>
    store.attempt(
      "read",
      () => store.row(run) === undefined ? undefined : store.texts(store.ask.entries.all(run, after))
    ),
  row: (run) => store.attempt("read", () => store.row(run)),
  rows: (query) => store.attempt("list", () => store.rows(query)),
  unfinished: store.attempt("list", () => store.ask.unfinished.all().map(rowOf)),
  // A file of this kind can be read as a whole, or not at all.
  unreadable: Effect.succeed([]),
  putSession: (run, phase, record) => store.attempt("write", () => void store.ask.putSession.run(run, phase, record)),
  session: (run, phase) => store.attempt("read", () => store.texts(store.ask.session.all(run, phase))[0]),
  appendTranscript: (run, phase, attempt, lines) =>
    store.attempt("write", () => store.appendTranscript(run, phase, attempt, lines)),
  transcript: (run, phase, attempt) =>
    store.attempt("read", () => store.texts(store.ask.transcript.all(run, phase, attempt))),
  remove: (run) =>
    store.attempt("remove from", () => store.transaction(() => store.ask.remove.forEach((one) => one.run(run)))),
  location: () => store.path === IN_MEMORY ? undefined : store.path
})

/** Over a file of the caller's, who sees to it that nobody else writes; `:memory:` is one that goes with the scope. */
export const driverAt = Effect.fn("SessionStoreSqlite.driverAt")(function*(
  path: string,
  options: Pick<SqliteOptions, "pragmas"> = {}
) {
  const store = yield* open(path, options)
  // The file is new the first time: its name has to last as long as what is in it.
  if (path !== IN_MEMORY) yield* syncFolder(Path.dirname(path), "file")
  return driverOf(store)
})

const open = (path: string, options: SqliteOptions) =>
  Effect.acquireRelease(
    Effect.try({ try: () => new Sqlite(path, options), catch: (cause) => failed(path, "open", cause) }),
    ({ database }) => Effect.sync(() => database.close())
  )

const pathIn = (scopeDir: string) => Path.join(scopeDir, FOLDER, FILE)

/** For whoever holds the lock of the store already. */
export const driver = Effect.gen(function*() {
  const folder = yield* stateFolder(FOLDER)
  return yield* driverAt(Path.join(folder, FILE))
})

const writer = Effect.gen(function*() {
  yield* acquireStoreLock((yield* ProjectScope).scopeDir)
  return yield* driver
})

/** Where nothing was ever written there is nothing to read, and no file is made of that. */
export const driverReadOnly = Effect.gen(function*() {
  const path = pathIn((yield* ProjectScope).scopeDir)
  const there = yield* attemptIfThere("look at", path, () => Fs.stat(path))
  return there === undefined ? yield* nothing : driverOf(yield* open(path, { readOnly: true }))
})

/** The daemon's: takes the lock of the store and holds it until its scope closes. */
export const layer = SessionStore.layerOf(writer)
