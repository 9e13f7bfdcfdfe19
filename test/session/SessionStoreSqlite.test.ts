import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { vi } from "vitest"
import * as SessionStoreSqlite from "../../layers/SessionStoreSqlite.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { scopeAt, temporaryFolder } from "../conformance/TemporaryScope.ts"

const run = RunId.make("run-1")
const completed: RunEvent = { _tag: "RunCompleted", reason: "done" }

type Body<A, E> = (store: SessionStore["Service"]) => Effect.Effect<A, E>

const opened = <A, E>(folder: string, body: Body<A, E>) =>
  Effect.flatMap(SessionStore, body).pipe(
    Effect.provide(Layer.fresh(Layer.provide(SessionStoreSqlite.layer, scopeAt(folder))))
  )

const looked = <A, E>(folder: string, body: Body<A, E>) =>
  Effect.flatMap(SessionStoreSqlite.driverReadOnly, (driver) => body(SessionStore.make(driver))).pipe(
    Effect.scoped,
    Effect.provide(scopeAt(folder))
  )

const fileIn = (folder: string) => Path.join(folder, "sessions", "runs.sqlite")

describe("session store in SQLite", () => {
  it.effect("is one private file, and goes on after a restart where it was", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          yield* store.append(run, 0, [runStarted("w")])
          assert.strictEqual(store.location(run), fileIn(folder))
          for (const file of Fs.readdirSync(Path.dirname(fileIn(folder)))) {
            assert.strictEqual(Fs.statSync(Path.join(folder, "sessions", file)).mode & 0o777, 0o600, file)
          }
        }))
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          assert.deepStrictEqual((yield* store.unfinished).map((head) => head.sequence), [1])
          yield* store.append(run, 1, [completed])
          assert.strictEqual((yield* store.read(run)).length, 2)
        }))
    }))

  it.effect("a second daemon is refused with the pid of the first", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(opened(folder, () => Effect.void))
          assert.include(String(error), `DaemonAlreadyRunning`)
          assert.include(String(error), `pid ${process.pid}`)
        }))
    }))

  it.effect("takes a transcript in passing, and is in full again before anything else is written", () =>
    Effect.gen(function*() {
      const store = SessionStore.make(
        yield* SessionStoreSqlite.driverAt(":memory:", { pragmas: ["max_page_count = 40"] })
      )
      const exec = vi.spyOn(DatabaseSync.prototype, "exec")
      yield* Effect.addFinalizer(() => Effect.sync(() => exec.mockRestore()))
      const said = (text: string) => store.appendTranscript(run, "p", 1, [{ at: "t", kind: "text", text }])
      yield* said("x")
      yield* Effect.flip(said("x".repeat(500_000)))
      const [normal, full] = ["PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"]
      assert.deepStrictEqual(exec.mock.calls.map(([sql]) => sql), [normal, full, normal, full])
    }))

  it.effect("waits for somebody who looks, and names the file when that takes too long", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          const other = new DatabaseSync(fileIn(folder))
          other.exec("BEGIN IMMEDIATE")
          const error = yield* Effect.flip(store.append(run, 0, [runStarted("w")]))
          other.exec("ROLLBACK")
          other.close()
          assert.include(String(error), fileIn(folder))
          assert.strictEqual(error._tag === "SessionStoreFailed" && error.reason._tag, "StoreUnreachable")
          yield* store.append(run, 0, [runStarted("w")])
        }))
    }))

  it.effect("a full disk leaves nothing of the append, and the next one goes on from there", () =>
    Effect.gen(function*() {
      const driver = yield* SessionStoreSqlite.driverAt(":memory:", { pragmas: ["max_page_count = 40"] })
      const store = SessionStore.make(driver)
      const large: RunEvent = { _tag: "RunPaused", reason: "x".repeat(500_000) }
      yield* store.append(run, 0, [runStarted("w")])
      const error = yield* Effect.flip(store.append(run, 1, [large]))
      assert.strictEqual(error._tag === "SessionStoreFailed" && error.reason._tag, "StoreFull")
      assert.strictEqual((yield* store.read(run)).length, 1)
      yield* store.append(run, 1, [completed])
    }))

  it.effect("a file that is none of SQLite's is damaged, and is left as it is", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      Fs.mkdirSync(Path.dirname(fileIn(folder)))
      Fs.writeFileSync(fileIn(folder), "garbage ".repeat(1000))
      const error = yield* Effect.flip(opened(folder, () => Effect.void))
      assert.match(String(error), /runs\.sqlite:1 is damaged/)
      assert.strictEqual(Fs.readFileSync(fileIn(folder), "utf8"), "garbage ".repeat(1000))
    }))

  it.effect("looking needs no lock and makes no file; what a killed daemon left can be looked at", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      assert.deepStrictEqual((yield* looked(folder, (store) => store.heads({}))).heads, [])
      assert.deepStrictEqual(Fs.readdirSync(folder), [])
      yield* opened(folder, (writer) =>
        Effect.gen(function*() {
          const entries = yield* writer.append(run, 0, [runStarted("w")])
          yield* looked(folder, (reader) =>
            Effect.gen(function*() {
              assert.deepStrictEqual(yield* reader.read(run), entries)
              assert.match(String(yield* Effect.flip(reader.append(run, 1, [completed]))), /readonly/)
            }))
        }))
    }))

  it.effect("finds a page of a rare status among many runs without looking at the others", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, (store) => store.append(run, 0, [runStarted("w")]))
      const database = new DatabaseSync(fileIn(folder), { readOnly: true })
      const plan = (sql: string) =>
        database.prepare(`EXPLAIN QUERY PLAN SELECT * FROM run WHERE ${sql}`).all().map(({ detail }) => String(detail))
      assert.match(
        plan("status = 'x' AND sort < 'y' ORDER BY sort DESC LIMIT 3").join(),
        /^SEARCH run USING INDEX run_by_status/
      )
      assert.match(plan("finished = 0 ORDER BY sort DESC").join(), /run_unfinished/)
      assert.match(plan("sort < 'y' ORDER BY sort DESC LIMIT 3").join(), /^SEARCH run USING INDEX/)
      database.close()
    }))
})
