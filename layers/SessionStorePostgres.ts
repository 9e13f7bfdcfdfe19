/**
 * Sessions in a schema of a PostgreSQL server, so that they outlive this machine. An append is one statement, committed and
 * synced when it returns. Nothing is waited for without a deadline. One daemon writes; when it loses its lock, or cannot
 * learn whether an append was made, it writes nothing more and ends.
 */
import * as PgPool from "@effect/sql-pg/PgPool"
import { Effect, Fiber, type Redacted, Result } from "effect"
import { InvalidInput } from "../schemas/errors/DaemonErrors.ts"
import { SequenceConflict } from "../schemas/errors/RunErrors.ts"
import { isRunStatus } from "../src/session/RunHead.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import type { IndexRow, SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"
import { acquireLease, type Lease } from "./PostgresLease.ts"
import { asked, configOf, tried, type Trouble } from "./PostgresServer.ts"
import { definitions, isSchemaName, statements } from "./PostgresStatements.ts"
import { driver as nothing } from "./SessionStoreMemory.ts"

export interface PostgresOptions {
  readonly url: Redacted.Redacted
  /** Made when it is not there, one for each project. Lower case letters, digits and `_`, at most 63. */
  readonly schema: string
}

const CONNECTIONS = 4

type Row = Record<string, unknown>

const rowOf = ({ finished, head, run, sequence, sort, status }: Row): IndexRow => {
  if (!isRunStatus(status)) throw new Error(`no run is "${String(status)}"`)
  return {
    run: String(run),
    sequence: Number(sequence),
    status,
    finished: finished === true,
    order: String(sort),
    head: String(head)
  }
}

const textsOf = (rows: ReadonlyArray<Row>) => rows.flatMap(({ text }) => text === null ? [] : [String(text)])

/** No text of PostgreSQL holds a NUL, and JSON needs none to tell one apart. */
const named = (phase: string): string => JSON.stringify(phase)

/** Goes on to its end when its caller is interrupted, so that one always knows what became of it. */
const toItsEnd = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDetach(Effect.interruptible(effect)), Fiber.join))

interface Server {
  readonly place: string
  readonly pool: PgPool.PgPool
  readonly schema: string
  readonly lease: Lease
}

const questions = ({ lease, place, pool }: Server) => {
  const once = (operation: string, sql: string, params: ReadonlyArray<unknown>) => {
    const answer = Effect.map(pool.use((connection) => connection.query(sql, params)), ({ rows }) => rows)
    return tried(place, operation, answer)
  }
  const told = <A>(answer: Effect.Effect<A, Trouble>) =>
    Effect.andThen(lease.require, Effect.mapError(answer, ({ failure }) => failure))
  const tell = (operation: string, sql: string, ...params: ReadonlyArray<unknown>) => told(once(operation, sql, params))
  /** Once more when the connection broke: there are others, and being asked twice does no harm. */
  const ask = (operation: string, sql: string, ...params: ReadonlyArray<unknown>) =>
    told(Effect.retry(once(operation, sql, params), { times: 1, while: ({ certain }) => !certain }))

  const unknown = (trouble: Trouble) =>
    Effect.as(trouble.certain ? Effect.void : lease.giveUp(trouble.failure.trouble), trouble.failure)
  /** When it is not known whether it was done, it is done again: the statement does nothing the second time. */
  const change = Effect.fnUntraced(function*(sql: string, params: ReadonlyArray<unknown>) {
    yield* lease.require
    const attempt = Effect.result(once("append to", sql, params))
    const first = yield* attempt
    const doubtful = Result.isFailure(first) && !first.failure.certain
    const answer = doubtful ? yield* attempt : first
    if (Result.isFailure(answer)) return yield* yield* unknown(answer.failure)
    return { done: answer.success.length > 0, doubtful }
  })
  return { ask, change, tell }
}

const makeDriver = (server: Server): SessionStoreDriver => {
  const sql = statements(server.schema)
  const { ask, change, tell } = questions(server)
  const row = (run: string) => Effect.map(ask("read", sql.row, run), (rows) => rows.map(rowOf)[0])
  const lines = (run: string, after: number) =>
    Effect.map(ask("read", sql.read, run, after), (rows) => rows.length === 0 ? undefined : textsOf(rows))
  return {
    append: (expected, added, { finished, head, order, run, sequence, status }) =>
      toItsEnd(Effect.gen(function*() {
        const texts = added.map(({ line }) => line)
        const values = [run, expected, sequence, status, finished, order, head, texts]
        const { done, doubtful } = yield* change(expected === 0 ? sql.begin : sql.goOn, values)
        if (done) return
        const there = doubtful ? yield* lines(run, expected) : undefined
        // It was made the first time, and the word of it was lost.
        if (there?.length === texts.length && there.every((line, index) => line === texts[index])) return
        const actual = (yield* row(run))?.sequence ?? 0
        return yield* new SequenceConflict({ run, expected, actual })
      })),
    read: lines,
    row,
    rows: ({ before = null, limit, statuses }) =>
      Effect.map(
        statuses === undefined
          ? ask("list", sql.page, before, limit)
          : ask("list", sql.pageOf, before, limit, [...new Set(statuses)]),
        (rows) => rows.map(rowOf)
      ),
    unfinished: Effect.map(ask("list", sql.unfinished), (rows) => rows.map(rowOf)),
    // A server answers, or it does not.
    unreadable: Effect.succeed([]),
    putSession: (run, phase, record) => toItsEnd(ask("write", sql.putSession, run, named(phase), record)),
    session: (run, phase) => Effect.map(ask("read", sql.session, run, named(phase)), (rows) => textsOf(rows)[0]),
    appendTranscript: (run, phase, attempt, lines) =>
      toItsEnd(tell("write", sql.appendTranscript, run, named(phase), attempt, lines)),
    transcript: (run, phase, attempt) => Effect.map(ask("read", sql.transcript, run, named(phase), attempt), textsOf),
    remove: (run) => toItsEnd(ask("remove from", sql.remove, run)),
    location: () => server.place,
    lost: server.lease.lost
  }
}

const placeOf = ({ schema }: PostgresOptions) => `schema ${schema} of PostgreSQL`

const connect = Effect.fnUntraced(function*(options: PostgresOptions) {
  const { schema, url } = options
  if (!isSchemaName(schema)) {
    const detail = `"${schema}" is no name for a schema: use lower case letters, digits and _, at most 63`
    return yield* new InvalidInput({ detail })
  }
  const place = placeOf(options)
  const config = { ...configOf(url), maxConnections: CONNECTIONS }
  return { place, schema, config, pool: yield* asked(place, "connect to", PgPool.make(config)) }
})

/** For the one who writes: holds the lock of the schema until its scope closes. */
export const driver = Effect.fn("SessionStorePostgres.driver")(function*(options: PostgresOptions) {
  const { config, ...server } = yield* connect(options)
  const { place, pool, schema } = server
  const lease = yield* acquireLease(config, schema, place)
  yield* Effect.forEach(
    definitions(schema),
    (sql) => asked(place, "prepare", pool.use((connection) => connection.query(sql))),
    { discard: true }
  )
  return makeDriver({ ...server, lease })
})

const nobody: Lease = { lost: Effect.never, require: Effect.void, giveUp: () => Effect.void }

/** For looking: takes no lock, and makes no tables. */
export const driverReadOnly = Effect.fn("SessionStorePostgres.driverReadOnly")(function*(options: PostgresOptions) {
  const { config: _, ...server } = yield* connect(options)
  const { place, pool, schema } = server
  const there = pool.use((connection) => connection.query("SELECT to_regclass($1) AS run", [`${schema}.run`]))
  const { rows } = yield* asked(place, "read", there)
  return rows[0]?.["run"] === null ? yield* nothing : makeDriver({ ...server, lease: nobody })
})

export const layer = (options: PostgresOptions) => SessionStore.layerOf(driver(options))
