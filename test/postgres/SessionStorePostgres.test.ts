import * as PgConnection from "@effect/sql-pg/PgConnection"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Net from "node:net"
import * as Path from "node:path"
import { inject } from "vitest"
import * as SessionStorePostgres from "../../layers/SessionStorePostgres.ts"
import { runStarted, sessionStoreSuite } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { temporaryFolder } from "../conformance/TemporaryScope.ts"

const url = Redacted.make(inject("postgres"))
const run = RunId.make("run-1")
const completed: RunEvent = { _tag: "RunCompleted", reason: "done" }

let schemas = 0
/** One that no other test uses. */
const fresh = () => ({ url, schema: `test_${process.pid}_${++schemas}` })

sessionStoreSuite("postgres", Layer.unwrap(Effect.sync(() => SessionStorePostgres.layer(fresh()))))

const opened = (options: SessionStorePostgres.PostgresOptions) =>
  Effect.map(SessionStorePostgres.driver(options), SessionStore.make)

/** As its administrator. */
const admin = Effect.fnUntraced(function*(sql: string, ...params: ReadonlyArray<unknown>) {
  const connection = yield* PgConnection.make({ url })
  return (yield* connection.query(sql, params)).rows
}, Effect.scoped)

const HOLDS =
  "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = hashtextextended('animus ' || $1, 0) & 4294967295"

const holderOf = (schema: string) => Effect.map(admin(HOLDS, schema), ([row]) => Number(row?.["pid"]))

/** Every connection of ours but that of the caller. */
const endAll = admin(
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'animus%'"
)
const endOne = (pid: number) => admin("SELECT pg_terminate_backend($1::integer)", pid)

/** Between us and the server: loses the answer to one question, and the connection with it. */
const silencer = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  const upstream = Path.join(new URL(Redacted.value(url)).searchParams.get("host") ?? "", ".s.PGSQL.5432")
  const lost = { answerTo: "", count: 0 }
  const server = Net.createServer((client) => {
    const there = Net.connect(upstream)
    const end = () => [client, there].forEach((socket) => socket.destroy())
    for (const socket of [client, there]) socket.on("error", end).on("close", end)
    let deaf = false
    client.on("data", (bytes) => {
      deaf = lost.answerTo !== "" && bytes.includes(lost.answerTo)
      there.write(bytes)
    })
    there.on("data", (bytes) => {
      if (!deaf) return void client.write(bytes)
      lost.answerTo = ""
      lost.count++
      return end()
    })
  })
  yield* Effect.promise(() =>
    new Promise<void>((resolve) => server.listen(Path.join(folder, ".s.PGSQL.5432"), resolve))
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
  return {
    url: Redacted.make(`postgresql://animus@localhost/postgres?host=${folder}`),
    lost
  }
})

interface Waiting {
  readonly pid: number
  readonly since: string
}

/** The process of the server that waits for a lock to append, for another time than before. */
const waitingFor = (schema: string, before?: Waiting) =>
  admin(
    `SELECT pid, query_start::text AS since FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND query LIKE $1 AND query_start::text <> $2`,
    `%${schema}.entry%`,
    before?.since ?? ""
  ).pipe(
    Effect.repeat({ until: (rows) => rows.length > 0 }),
    Effect.map(([row]): Waiting => ({ pid: Number(row?.["pid"]), since: String(row?.["since"]) }))
  )

describe("session store in PostgreSQL", () => {
  it.live("goes on after a restart where it was, and keeps projects apart", () =>
    Effect.gen(function*() {
      const [one, other] = [fresh(), fresh()]
      yield* Effect.scoped(Effect.flatMap(opened(one), (store) => store.append(run, 0, [runStarted("w")])))
      yield* Effect.scoped(Effect.gen(function*() {
        const store = yield* opened(one)
        assert.deepStrictEqual((yield* store.unfinished).map(({ sequence }) => sequence), [1])
        yield* store.append(run, 1, [completed])
        assert.strictEqual((yield* Effect.flip((yield* opened(other)).read(run)))._tag, "RunNotFound")
      }))
    }))

  it.live("a second daemon is refused with the name of the first, and gets in when that is gone", () =>
    Effect.gen(function*() {
      const options = fresh()
      yield* Effect.scoped(Effect.gen(function*() {
        yield* opened(options)
        const error = yield* Effect.flip(Effect.scoped(opened(options)))
        assert.strictEqual(error._tag, "DaemonAlreadyRunning")
        assert.include(error.message, `pid ${process.pid} on`)
        assert.include(error.message, options.schema)
      }))
      yield* Effect.scoped(opened(options))
    }))

  it.live("whoever loses the lock hears of it at once and writes nothing more, and another one may", () =>
    Effect.gen(function*() {
      const options = fresh()
      const store = yield* opened(options)
      yield* store.append(run, 0, [runStarted("w")])
      const lost = yield* Effect.forkChild(store.lost)
      yield* endOne(yield* holderOf(options.schema))
      assert.match((yield* Fiber.join(lost)).message, /keep the lock of schema .* animus daemon start/)
      const refused = yield* Effect.flip(store.append(run, 1, [completed]))
      assert.strictEqual(refused._tag === "SessionStoreFailed" && refused.reason._tag, "StoreUnreachable")
      assert.strictEqual((yield* Effect.flip(store.heads({})))._tag, "SessionStoreFailed")
      const next = yield* opened(options)
      assert.strictEqual((yield* next.read(run)).length, 1)
      yield* next.append(run, 1, [completed])
    }))

  it.live("a connection that breaks in the middle of an append leaves no doubt about it", () =>
    Effect.gen(function*() {
      const options = fresh()
      const store = yield* opened(options)
      yield* store.append(run, 0, [runStarted("w")])
      const blocker = yield* PgConnection.make({ url })
      yield* blocker.query("BEGIN")
      yield* blocker.query(`LOCK TABLE ${options.schema}.entry IN ACCESS EXCLUSIVE MODE`)
      const append = yield* Effect.forkChild(store.append(run, 1, [completed]))
      const first = yield* waitingFor(options.schema)
      yield* endOne(first.pid)
      yield* waitingFor(options.schema, first)
      yield* blocker.query("COMMIT")
      yield* Fiber.join(append)
      assert.strictEqual((yield* store.read(run)).length, 2)
    }))

  it.live("an append that was made, but whose answer was lost, was made", () =>
    Effect.gen(function*() {
      const proxy = yield* silencer
      const store = yield* opened({ ...fresh(), url: proxy.url })
      const first = yield* store.append(run, 0, [runStarted("w")])
      proxy.lost.answerTo = "UPDATE "
      const second = yield* store.append(run, 1, [completed])
      assert.strictEqual(proxy.lost.count, 1)
      assert.deepStrictEqual(yield* store.read(run), [...first, ...second])
      assert.strictEqual((yield* Effect.flip(store.append(run, 1, [completed])))._tag, "SequenceConflict")
      proxy.lost.answerTo = "NOT finished"
      assert.deepStrictEqual(yield* store.unfinished, [])
      assert.strictEqual(proxy.lost.count, 2)
    }))

  it.effect("a server that does not answer is waited for twice, and then nothing more is written", () =>
    Effect.gen(function*() {
      const options = fresh()
      const life = yield* Scope.make()
      const store = yield* Scope.provide(opened(options), life)
      yield* store.append(run, 0, [runStarted("w")])
      const blocker = yield* PgConnection.make({ url })
      yield* blocker.query("BEGIN")
      yield* blocker.query(`LOCK TABLE ${options.schema}.entry IN ACCESS EXCLUSIVE MODE`)
      const append = yield* Effect.forkChild(store.append(run, 1, [completed]))
      const first = yield* waitingFor(options.schema)
      yield* TestClock.adjust("10 seconds")
      yield* waitingFor(options.schema, first)
      yield* TestClock.adjust("10 seconds")
      assert.match((yield* Effect.flip(Fiber.join(append))).message, /no answer within 10s/)
      assert.match((yield* store.lost).message, /this one ends/)
      yield* blocker.query("COMMIT")
      yield* Scope.close(life, Exit.void)
      assert.strictEqual((yield* (yield* opened(options)).read(run)).length, 1)
    }))

  it.live("an append that is interrupted comes to its end", () =>
    Effect.gen(function*() {
      const store = yield* opened(fresh())
      const append = yield* Effect.forkChild(store.append(run, 0, [runStarted("w")]), { startImmediately: true })
      yield* Effect.exit(Fiber.interrupt(append))
      const entries = yield* Effect.orElseSucceed(store.read(run), () => [])
      if (entries.length === 1) yield* store.append(run, 1, [completed])
      else yield* store.append(run, 0, [runStarted("w")])
    }))

  it.live("a server that is gone is a store that cannot be reached, with what to do", () =>
    Effect.gen(function*() {
      const store = yield* opened(fresh())
      const lost = yield* Effect.forkChild(store.lost)
      yield* endAll
      yield* Fiber.join(lost)
      const error = yield* Effect.flip(store.unfinished)
      assert.strictEqual(error.reason._tag, "StoreUnreachable")
      const nowhere = { ...fresh(), url: Redacted.make("postgresql://animus:secret@localhost/x?host=/nowhere") }
      const refused = yield* Effect.flip(opened(nowhere))
      assert.match(refused.message, /connect to schema .*See that the server runs/)
      assert.notInclude(JSON.stringify(refused), "secret")
    }))

  it.live("looking takes no lock and makes nothing", () =>
    Effect.gen(function*() {
      const options = fresh()
      const look = Effect.map(SessionStorePostgres.driverReadOnly(options), SessionStore.make)
      assert.deepStrictEqual((yield* (yield* look).heads({})).heads, [])
      assert.deepStrictEqual(yield* admin("SELECT to_regnamespace($1) AS there", options.schema), [{ there: null }])
      const store = yield* opened(options)
      const entries = yield* store.append(run, 0, [runStarted("w")])
      assert.deepStrictEqual(yield* (yield* look).read(run), entries)
    }))

  it.live("takes any name of a phase, and refuses one of a schema that would need quotes", () =>
    Effect.gen(function*() {
      const store = yield* opened(fresh())
      yield* store.appendTranscript(run, "nul \0 lone \ud800", 1, [{ at: "t", kind: "text", text: "\0" }])
      assert.deepStrictEqual((yield* store.transcript(run, "nul \0 lone \ud800", 1)).map(({ text }) => text), ["\0"])
      assert.deepStrictEqual(yield* store.transcript(run, "nul \0 lone \ud801", 1), [])
      const error = yield* Effect.flip(opened({ url, schema: "x; DROP SCHEMA public" }))
      assert.strictEqual(error._tag, "InvalidInput")
    }))
})
