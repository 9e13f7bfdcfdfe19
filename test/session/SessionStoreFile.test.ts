import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Disk, nodeDisk } from "../../layers/DurableFile.ts"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { scopeAt, temporaryFolder } from "../conformance/TemporaryScope.ts"

const run = RunId.make("run-1")
const other = RunId.make("run-2")
const completed: RunEvent = { _tag: "RunCompleted", reason: "done" }
const paused: RunEvent = { _tag: "RunPaused", reason: "lunch" }

const opened = <A, E>(
  folder: string,
  body: (store: SessionStore["Service"]) => Effect.Effect<A, E>,
  layer: Layer.Layer<SessionStore, unknown, never> = Layer.provide(SessionStoreFile.layer, scopeAt(folder))
) => Effect.flatMap(SessionStore, body).pipe(Effect.provide(Layer.fresh(layer)))

const readOnly = (folder: string) => Layer.provide(SessionStoreFile.layerReadOnly, scopeAt(folder))

const journalOf = (folder: string, run: string) => Path.join(folder, "runs", run, "journal.jsonl")
const indexOf = (folder: string) => Path.join(folder, "runs", "index.jsonl")
const heads = (folder: string) => opened(folder, (store) => store.heads({}))

const seeded = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  yield* opened(folder, (store) =>
    Effect.gen(function*() {
      yield* store.append(run, 0, [runStarted("w"), completed])
      yield* store.append(other, 0, [runStarted("w"), paused])
    }))
  return folder
})

describe("session store on files", () => {
  it.effect("puts things where operators look, private", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          yield* store.append(run, 0, [runStarted("w")])
          yield* store.putSession({
            workflow_id: run,
            phase_id: "re view/1",
            attempt: 1,
            provider: "p",
            run_id: SessionId.make("s"),
            provider_session_id: null,
            status: "running",
            started_at: "t"
          })
          yield* store.appendTranscript(run, "re view/1", 2, [{ at: "t", kind: "text", text: "x" }])
          assert.strictEqual(store.location(run), Path.join(folder, "runs", run))
        }))
      const files = Fs.readdirSync(Path.join(folder, "runs", run)).toSorted()
      assert.deepStrictEqual(files, ["journal.jsonl", "re%20view%2F1.2.transcript.jsonl", "re%20view%2F1.session.json"])
      for (const file of files) {
        assert.strictEqual(Fs.statSync(Path.join(folder, "runs", run, file)).mode & 0o777, 0o600)
      }
      assert.strictEqual(Fs.statSync(Path.join(folder, "runs", run)).mode & 0o777, 0o700)
      const session = Path.join(folder, "runs", run, "re%20view%2F1.session.json")
      assert.include(Fs.readFileSync(session, "utf8"), "\n  \"workflow_id\": \"run-1\"")
      const whole = Fs.readFileSync(session, "utf8")
      const sector = `{ "provider": "${"p".repeat(600)}`.slice(0, 512)
      for (const torn of ["", sector, `${whole.slice(0, 40)}\0\0${whole.slice(42)}`]) {
        Fs.writeFileSync(session, torn)
        assert.isUndefined(yield* opened(folder, (store) => store.session(run, "re view/1")))
      }
      Fs.writeFileSync(session, whole.trimEnd())
      assert.strictEqual((yield* opened(folder, (store) => store.session(run, "re view/1")))?.status, "running")
      Fs.writeFileSync(session, "{\"half")
      const error = yield* Effect.flip(opened(folder, (store) => store.session(run, "re view/1")))
      assert.match(String(error), /damaged/)
    }))

  it.effect("goes on after a restart where it was", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          assert.deepStrictEqual((yield* store.unfinished).map((head) => head.run), [other])
          yield* store.append(other, 2, [completed])
          assert.deepStrictEqual((yield* store.read(other)).map(({ event }) => event._tag), [
            "RunStarted",
            "RunPaused",
            "RunCompleted"
          ])
        }))
    }))

  const spoil: ReadonlyArray<readonly [string, (index: string) => void]> = [
    ["missing", (index) => Fs.rmSync(index)],
    ["empty", (index) => Fs.writeFileSync(index, "")],
    ["torn", (index) => Fs.truncateSync(index, Fs.statSync(index).size - 5)],
    ["garbage", (index) => Fs.writeFileSync(index, "garbage\n")]
  ]
  for (const [name, damage] of spoil) {
    it.effect(`rebuilds an index that is ${name}`, () =>
      Effect.gen(function*() {
        const folder = yield* seeded
        const before = yield* heads(folder)
        const index = Fs.readFileSync(indexOf(folder), "utf8")
        damage(indexOf(folder))
        assert.deepStrictEqual(yield* heads(folder), before)
        assert.strictEqual(Fs.readFileSync(indexOf(folder), "utf8"), index)
      }))
  }

  it.effect("does not believe an index that a journal has outgrown", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      const index = Fs.readFileSync(indexOf(folder))
      yield* opened(folder, (store) => store.append(run, 2, [{ _tag: "RunResumed", force: false }]))
      Fs.writeFileSync(indexOf(folder), index)
      const { heads } = yield* opened(folder, (store) => store.heads({ status: ["running"] }))
      assert.deepStrictEqual(heads.map(({ run, sequence }) => [run, sequence]), [[run, 3]])
    }))

  it.effect("a damaged journal is reported, refused where it is used, and keeps no other run from going on", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      const path = journalOf(folder, other)
      const bytes = Fs.readFileSync(path)
      bytes[30] = (bytes[30] ?? 0) ^ 1
      Fs.writeFileSync(path, bytes)
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          const refused = (use: Effect.Effect<unknown, unknown>) =>
            Effect.map(Effect.flip(use), (error) => assert.include(String(error), `${path}:1 is damaged`))
          yield* refused(store.read(other))
          yield* refused(store.append(other, 2, [completed]))
          const unreadable = yield* store.unreadable
          assert.deepStrictEqual(unreadable.map(({ run }) => run), [other])
          assert.include(String(unreadable[0]?.failure), `${path}:1 is damaged`)
          assert.deepStrictEqual((yield* store.heads({})).heads.map((head) => head.run), [run])
          assert.deepStrictEqual(yield* store.unfinished, [])
          assert.strictEqual((yield* store.read(run)).length, 2)
        }))
      assert.deepStrictEqual(Fs.readFileSync(path), bytes)
    }))

  it.effect("a line that was taken out of the middle is damage, too", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      const lines = Fs.readFileSync(journalOf(folder, other), "utf8").split("\n")
      Fs.writeFileSync(journalOf(folder, other), `${lines[1]}\n`)
      const unreadable = yield* opened(folder, (store) => store.unreadable)
      assert.match(String(unreadable[0]?.failure), /carries sequence 2, 1 was to come/)
    }))

  it.effect("a journal whose first line was torn is no run", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      const path = journalOf(folder, other)
      Fs.truncateSync(path, 100)
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* store.unfinished, [])
          assert.strictEqual((yield* Effect.flip(store.read(other)))._tag, "RunNotFound")
          yield* store.append(other, 0, [runStarted("w")])
        }))
      assert.strictEqual(Fs.readFileSync(path, "utf8").split("\n").length, 2)
    }))

  it.effect("on a full disk the run stops where it was, and goes on when there is room", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      const full = { ...nodeDisk, write: () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })) }
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(store.append(other, 2, [completed])).pipe(Effect.provideService(Disk, full))
          assert.strictEqual(error._tag === "SessionStoreFailed" && error.reason._tag, "StoreFull")
          assert.strictEqual((yield* store.read(other)).length, 2)
          yield* store.append(other, 2, [completed])
        }))
      assert.deepStrictEqual(yield* opened(folder, (store) => store.unfinished), [])
    }))

  it.effect("a second daemon is refused with the pid of the first, and gets in when that is gone", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* opened(folder, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(opened(folder, () => Effect.void))
          assert.include(String(error), "DaemonAlreadyRunning")
          assert.include(String(error), `pid ${process.pid}`)
          // The refused one must not have loosened the lock of the first.
          assert.include(String(yield* Effect.flip(opened(folder, () => Effect.void))), "DaemonAlreadyRunning")
        }))
      yield* opened(folder, (store) => store.append(run, 0, [runStarted("w")]))
    }))

  it.effect("reading needs no lock, and writes nothing", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      assert.deepStrictEqual((yield* opened(folder, (store) => store.heads({}), readOnly(folder))).heads, [])
      assert.deepStrictEqual(Fs.readdirSync(folder), [])
      yield* opened(folder, (writer) =>
        Effect.gen(function*() {
          const entries = yield* writer.append(run, 0, [runStarted("w")])
          yield* opened(folder, (reader) =>
            Effect.gen(function*() {
              assert.deepStrictEqual(yield* reader.read(run), entries)
              assert.match(String(yield* Effect.flip(reader.append(run, 1, [completed]))), /opened for reading/)
            }), readOnly(folder))
        }))
    }))

  it.effect("a state folder that is none is refused with what to do", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const file = Path.join(folder, "file")
      Fs.writeFileSync(file, "")
      const error = yield* Effect.flip(opened(file, () => Effect.void))
      assert.match(String(error), /StateFolderUnusable[^]*ANIMUS_CONFIG_DIR/)
    }))

  it.effect("finishes a removal that a crash cut short", () =>
    Effect.gen(function*() {
      const folder = yield* seeded
      Fs.renameSync(Path.join(folder, "runs", run), Path.join(folder, "runs", `.removed-${run}`))
      assert.deepStrictEqual((yield* heads(folder)).heads.map((head) => head.run), [other])
      assert.deepStrictEqual(Fs.readdirSync(Path.join(folder, "runs")).toSorted(), ["index.jsonl", other])
    }))

  it.effect("keeps few files open, however many runs are written", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const openFiles = () =>
        Fs.readdirSync("/proc/self/fd").filter((fd) => {
          const target = Fs.existsSync(`/proc/self/fd/${fd}`) ? Fs.readlinkSync(`/proc/self/fd/${fd}`) : ""
          return target.startsWith(Path.join(folder, "runs"))
        }).length
      yield* opened(folder, (store) =>
        Effect.gen(function*() {
          const runs = Array.from({ length: 150 }, (_, index) => RunId.make(`run-${index}`))
          yield* Effect.forEach(runs, (run) => store.append(run, 0, [runStarted("w")]), { concurrency: "unbounded" })
          yield* Effect.forEach(runs, (run) => store.append(run, 1, [paused]), { concurrency: 16 })
          assert.isAtMost(openFiles(), 64)
          assert.strictEqual((yield* store.unfinished).length, 150)
          yield* Effect.forEach(runs, (run) => store.append(run, 2, [completed]), { concurrency: 16 })
          assert.isAtMost(openFiles(), 1)
        }))
      assert.strictEqual(openFiles(), 0)
    }))
})
