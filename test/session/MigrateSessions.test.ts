import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { makeFaulty, WRITES } from "../../layers/FaultInjection.ts"
import { driver as memory } from "../../layers/SessionStoreMemory.ts"
import { migrate } from "../../layers/SessionStoreMigration.ts"
import * as SessionStores from "../../layers/SessionStores.ts"
import { acquireStoreLock } from "../../layers/StoreLock.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import { DaemonConfig, type SessionStoreKind } from "../../src/project/DaemonConfig.ts"
import { migrateSessions } from "../../src/session/MigrateSessions.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import type { SessionStoreDriver } from "../../src/session/SessionStoreDriver.ts"
import { scopeAt, temporaryFolder } from "../conformance/TemporaryScope.ts"

const idOf = (n: number) => RunId.make(`run-${n}`)

/** Three runs: over, unfinished with sessions and transcripts of two attempts, and one that just began. */
const fill = Effect.fnUntraced(function*(driver: SessionStoreDriver) {
  const store = SessionStore.make(driver)
  yield* store.append(idOf(1), 0, [runStarted("w"), { _tag: "RunCompleted", reason: "done" }])
  yield* store.append(idOf(2), 0, [runStarted("w")])
  for (const attempt of [1, 2]) {
    yield* store.append(idOf(2), attempt, [{ _tag: "PhaseStarted", phase: "review", attempt, nonce: "n" }])
    yield* store.appendTranscript(idOf(2), "review", attempt, [{ at: "t", kind: "text", text: `${attempt}` }])
    yield* store.appendTranscript(idOf(2), "review", attempt, [{ at: "t", kind: "text", text: "more" }])
  }
  yield* store.putSession({
    workflow_id: idOf(2),
    phase_id: "review",
    attempt: 2,
    provider: "p",
    run_id: SessionId.make("s"),
    provider_session_id: "theirs",
    status: "running",
    started_at: "t"
  })
  yield* store.append(idOf(3), 0, [runStarted("w")])
})

/** All that can be asked of it. */
const contents = Effect.fnUntraced(function*(driver: SessionStoreDriver) {
  const rows = yield* driver.rows({ statuses: undefined, limit: 1000, before: undefined })
  return yield* Effect.forEach(rows, (row) =>
    Effect.all({
      row: Effect.succeed(row),
      lines: driver.read(row.run, 0),
      session: driver.session(row.run, "review"),
      first: driver.transcript(row.run, "review", 1),
      second: driver.transcript(row.run, "review", 2)
    }))
})

describe("moving what a store knows into another", () => {
  it.effect("moves everything, and the second time finds it there", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* memory, yield* memory]
      yield* fill(from)
      const before = yield* contents(from)
      assert.deepStrictEqual(yield* migrateSessions(from, to), {
        runs: 3,
        events: 6,
        sessions: 1,
        transcripts: 2,
        unchanged: 0
      })
      assert.deepStrictEqual(yield* contents(to), before)
      assert.deepStrictEqual(yield* contents(from), before)
      assert.deepStrictEqual((yield* migrateSessions(from, to)).unchanged, 3)
      assert.deepStrictEqual(yield* contents(to), before)
    }))

  for (const kind of ["fails", "full", "unsaid", "torn"] as const) {
    it.effect(`begun again after any write of it that ${kind}, it comes to the same end`, () =>
      Effect.gen(function*() {
        const from = yield* memory
        yield* fill(from)
        const expected = yield* contents(from)
        let writes = 0
        for (let hit = true; hit; writes++) {
          const { driver: to, faults } = makeFaulty(yield* memory)
          yield* faults.inject({ kind, on: WRITES, after: writes })
          const first = yield* Effect.exit(migrateSessions(from, to))
          hit = (yield* faults.hits) > 0
          assert.strictEqual(first._tag, hit ? "Failure" : "Success")
          yield* faults.heal
          yield* migrateSessions(from, to)
          assert.deepStrictEqual(yield* contents(to), expected)
        }
        assert.strictEqual(writes, 7)
      }))
  }

  it.effect("a copy that is not what was copied is noticed", () =>
    Effect.gen(function*() {
      const [from, sound] = [yield* memory, yield* memory]
      yield* fill(from)
      const forgetful: SessionStoreDriver = { ...sound, putSession: () => Effect.void }
      assert.strictEqual((yield* Effect.flip(migrateSessions(from, forgetful)))._tag, "SessionsDiverged")
    }))

  it.effect("a run that went on in both is refused, and nothing of it is changed", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* memory, yield* memory]
      yield* fill(from)
      yield* migrateSessions(from, to)
      yield* SessionStore.make(to).append(idOf(3), 1, [{ _tag: "RunPaused", reason: "here" }])
      const before = yield* contents(to)
      const error = yield* Effect.flip(migrateSessions(from, to))
      assert.match(String(error), /run-3 is in both stores, and they differ in its journal/)
      assert.deepStrictEqual(yield* contents(to), before)
    }))
})

const project = (folder: string, store: SessionStoreKind = "file") =>
  Layer.merge(
    scopeAt(folder),
    Layer.succeed(DaemonConfig, {
      session_store: store,
      pool_size: 1,
      log_level: "info",
      runner: "in_process",
      transports: {}
    })
  )

const withDriver = <A, E>(
  folder: string,
  kind: SessionStoreKind,
  use: (driver: SessionStoreDriver) => Effect.Effect<A, E>
) => Effect.flatMap(SessionStores.driver(kind, {}), use).pipe(Effect.scoped, Effect.provide(scopeAt(folder)))

describe("the stores of a project", () => {
  it.effect("history goes from files to SQLite and back, byte for byte", () =>
    Effect.gen(function*() {
      const [folder, other] = [yield* temporaryFolder, yield* temporaryFolder]
      yield* withDriver(folder, "file", fill)
      const before = yield* withDriver(folder, "file", contents)
      yield* Effect.provide(migrate("file", "sqlite"), project(folder))
      assert.deepStrictEqual(yield* withDriver(folder, "sqlite", contents), before)
      Fs.renameSync(Path.join(folder, "sessions"), Path.join(other, "sessions"))
      yield* Effect.provide(migrate("sqlite", "file"), project(other))
      assert.deepStrictEqual(yield* withDriver(other, "file", contents), before)
      const journal = (root: string) => Fs.readFileSync(Path.join(root, "runs", idOf(2), "journal.jsonl"), "utf8")
      assert.strictEqual(journal(other), journal(folder))
    }))

  it.effect("nothing is moved while a daemon holds the project, nor while a run cannot be read", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* withDriver(folder, "file", fill)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* acquireStoreLock(folder)
        const error = yield* Effect.flip(Effect.provide(migrate("file", "sqlite"), project(folder)))
        assert.strictEqual(error._tag, "DaemonAlreadyRunning")
      }))
      Fs.writeFileSync(Path.join(folder, "runs", idOf(2), "journal.jsonl"), "garbage\n")
      const error = yield* Effect.flip(Effect.provide(migrate("file", "sqlite"), project(folder)))
      assert.match(String(error), /run-2.journal\.jsonl:1 is damaged/)
      assert.deepStrictEqual(yield* withDriver(folder, "sqlite", contents), [])
    }))

  it.effect("one that lacks what happened in another is not gone back to in silence", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const daemon = (kind: SessionStoreKind) =>
        Effect.scoped(Layer.build(Layer.fresh(Layer.provide(SessionStores.layer, project(folder, kind)))))
      const move = (...[from, to]: Parameters<typeof migrate>) => Effect.provide(migrate(from, to), project(folder))
      yield* daemon("file")
      const unmoved = yield* Effect.flip(daemon("sqlite"))
      assert.include(unmoved.message, "animus session-store migrate --from file --to sqlite")
      yield* move("file", "sqlite")
      yield* daemon("file")
      assert.include(
        (yield* Effect.flip(daemon("sqlite"))).message,
        "the last daemon of this project kept its runs in \"file\""
      )
      yield* move("file", "sqlite")
      yield* daemon("sqlite")
      assert.strictEqual((yield* Effect.flip(daemon("file")))._tag, "ConfigInvalid")
      yield* move("file", "sqlite")
      assert.strictEqual((yield* Effect.flip(daemon("file")))._tag, "ConfigInvalid")
      yield* move("sqlite", "file")
      yield* daemon("file")
    }))

  it.effect("PostgreSQL without a URL says which variable to set", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const asked = SessionStores.driver("postgres", { session_store_url_env: "MY_URL" })
      const error = yield* Effect.flip(Effect.provide(Effect.scoped(asked), scopeAt(folder))).pipe(
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
      )
      assert.match(String(error), /environment variable MY_URL, which is not set/)
    }))

  it.effect("the one that the configuration names holds the lock of the project", () =>
    Effect.gen(function*() {
      for (const kind of ["file", "sqlite"] as const) {
        const folder = yield* temporaryFolder
        const layer = () => Layer.fresh(Layer.provide(SessionStores.layer, project(folder, kind)))
        yield* Effect.flatMap(SessionStore, (store) =>
          Effect.gen(function*() {
            yield* store.append(idOf(1), 0, [runStarted("w")])
            const second = yield* Effect.flip(Effect.scoped(Layer.build(layer())))
            assert.strictEqual(second._tag, "DaemonAlreadyRunning")
          })).pipe(Effect.provide(layer()))
        assert.deepStrictEqual(Fs.readdirSync(folder).toSorted(), ["daemon", kind === "file" ? "runs" : "sessions"])
      }
    }))
})
