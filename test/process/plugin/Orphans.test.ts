import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Schedule } from "effect"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { env as ownEnv } from "node:process"
import * as ProcessRecordsFile from "../../../layers/ProcessRecordsFile.ts"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import type { Traces } from "../../../src/project/Family.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { orphans, sweepOrphans } from "../../../src/project/Orphans.ts"
import { ProcessRecords } from "../../../src/project/ProcessRecords.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { scopeAt } from "./Workshop.ts"

/** A shell in a group of its own, as a plugin of some daemon would be; ended with the test whatever happens. */
const start = (script: string, mark: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      const child = spawn("/bin/sh", ["-c", script], {
        detached: true,
        env: { PATH: ownEnv["PATH"], ...mark },
        stdio: ["ignore", "pipe", "ignore"]
      })
      // Its traps are set once it speaks.
      child.stdout.once("data", () => resume(Effect.succeed(child.pid ?? 0)))
    }),
    (pid) => ProcessTable.use((table) => table.signalGroup(pid, "SIGKILL"))
  )

const marked = (cookie: string, generation: string) => ({ ANIMUS_COOKIE: cookie, ANIMUS_GENERATION: generation })

const as = (cookie: string, generation: string) => Layer.succeed(HostEnvironment, { env: {}, cookie, generation })

const isAlive = (pid: number) => ProcessTable.use((table) => table.isAlive(pid))

const platform = ProcessTableLinux.layer.pipe(Layer.provideMerge(NodeServices.layer))

describe("sweepOrphans", () => {
  it.live("ends what another generation of this scope left, and nothing else", () =>
    Effect.gen(function*() {
      const [cookie, other] = [randomUUID(), randomUUID()]
      const polite = yield* start("echo; sleep 300", marked(cookie, "old"))
      const stubborn = yield* start("trap '' TERM; echo; sleep 300; sleep 300", marked(cookie, "old"))
      // A child that shed its environment and its group is found through its parent.
      const family = yield* start("echo; env -i setsid sleep 301 & wait", marked(cookie, "old"))
      const child = yield* ProcessTable.use((table) => table.descendants(family)).pipe(
        Effect.repeat({
          until: (rows) => rows.some(({ command }) => command === "sleep"),
          schedule: Schedule.spaced("20 millis")
        }),
        Effect.timeout("5 seconds")
      )
      const own = yield* start("echo; sleep 300", marked(cookie, "new"))
      const stranger = yield* start("echo; sleep 300", marked(other, "old"))
      const plain = yield* start("echo; sleep 300", {})

      const { ended, survivors } = yield* Effect.provide(sweepOrphans, as(cookie, "new"))

      assert.deepStrictEqual(survivors, [])
      const pids = ended.map(({ pid }) => pid)
      for (const pid of [polite, stubborn, family, ...child.map((row) => row.pid)]) {
        assert.include(pids, pid)
        assert.isFalse(yield* isAlive(pid))
      }
      for (const pid of [own, stranger, plain]) assert.isTrue(yield* isAlive(pid))
      assert.deepStrictEqual(yield* Effect.provide(sweepOrphans, as(cookie, "new")), { ended: [], survivors: [] })
    }).pipe(Effect.scoped, Effect.provide(platform)))
})

/** What a daemon that is gone kept of a plugin's process, in the scope's folder of a test. */
const recorded = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "animus-records-" })
  const records = yield* ProcessRecords.pipe(
    Effect.provide(ProcessRecordsFile.layer.pipe(Layer.provide(scopeAt(root))))
  )
  const cookie = randomUUID()
  /** It carries no mark. */
  const plugin = Effect.fnUntraced(function*(script: string) {
    const table = yield* ProcessTable
    const pid = yield* start(script, {})
    const { row, stdio } = (yield* table.identify(pid)) ?? (yield* Effect.die("it is gone"))
    const traces: Traces = { plugin: "p", pid, startTime: row.startTime, cookie, generation: "old", stdio }
    yield* records.keep(traces)
    return { row, traces }
  })
  const later = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(Effect.provideService(ProcessRecords, records), Effect.provide(as(cookie, "new")))
  const folder = `${root}/config/scope/processes`
  return { fs, records, plugin, later, folder }
})

describe("what a daemon that is gone kept on record", () => {
  it.live("is found by the one pipe that it holds, ended, and forgotten then", () =>
    Effect.gen(function*() {
      const { later, plugin, records } = yield* recorded
      const table = yield* ProcessTable
      // No mark, no parent, a session of its own: nothing but the stdout of what started it.
      const { row, traces } = yield* plugin("env -i setsid sleep 302 </dev/null 2>/dev/null & echo; wait")
      const [heir] = yield* table.descendants(row.pid).pipe(
        Effect.repeat({
          until: (rows) => rows.some(({ command }) => command === "sleep"),
          schedule: Schedule.spaced("20 millis")
        }),
        Effect.timeout("5 seconds")
      )
      assert.isDefined(heir)
      yield* Effect.addFinalizer(() => table.end(heir, "SIGKILL"))
      yield* table.end(row, "SIGKILL")
      yield* Effect.repeat(table.isStill(row), {
        while: (alive) => alive,
        schedule: Schedule.spaced("20 millis")
      })
      const told = (yield* later(orphans)).map(({ by, pid, plugin }) => ({ by, pid, plugin }))
      assert.deepStrictEqual(told, [{ by: "the plugin's stdio", pid: heir.pid, plugin: "p" }])
      assert.deepStrictEqual(yield* records.all, [traces])
      assert.deepStrictEqual((yield* later(sweepOrphans)).ended.map(({ pid }) => pid), [heir.pid])
      assert.isFalse(yield* table.isStill(heir))
      assert.deepStrictEqual(yield* records.all, [])
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is kept and dropped one by one, and what cannot be read is none", () =>
    Effect.gen(function*() {
      const { folder, fs, plugin, records } = yield* recorded
      const one = yield* plugin("echo; sleep 300")
      const two = yield* plugin("echo; sleep 300")
      yield* fs.writeFileString(`${folder}/1-1.json`, "{")
      assert.sameDeepMembers([...yield* records.all], [one.traces, two.traces])
      assert.isFalse(yield* fs.exists(`${folder}/1-1.json`))
      yield* records.drop(one.traces)
      yield* records.drop(one.traces)
      assert.deepStrictEqual(yield* records.all, [two.traces])
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("of another boot tells of nobody, whoever has its pid now, and is removed", () =>
    Effect.gen(function*() {
      const { folder, fs, later, plugin, records } = yield* recorded
      const { row } = yield* plugin("echo; sleep 300")
      const [file = ""] = yield* fs.readDirectory(folder)
      const record: unknown = JSON.parse(yield* fs.readFileString(`${folder}/${file}`))
      yield* fs.writeFileString(`${folder}/${file}`, JSON.stringify(Object.assign({}, record, { boot: randomUUID() })))
      assert.deepStrictEqual(yield* later(sweepOrphans), { ended: [], survivors: [] })
      assert.isTrue(yield* isAlive(row.pid))
      assert.deepStrictEqual(yield* records.all, [])
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
    }).pipe(Effect.scoped, Effect.provide(platform)))
})

describe("ProcessTable on Linux", () => {
  it.live("signals nobody who took the pid of the one that was seen", () =>
    Effect.gen(function*() {
      const cookie = randomUUID()
      const pid = yield* start("echo; sleep 300", marked(cookie, "1"))
      const table = yield* ProcessTable
      const [row] = yield* table.carrying(cookie)
      assert.isDefined(row)
      assert.strictEqual(row.pid, pid)
      assert.strictEqual(row.generation, "1")
      assert.isFalse(yield* table.end({ ...row, startTime: "1" }, "SIGKILL"))
      assert.isTrue(yield* table.isAlive(pid))
      assert.isTrue(yield* table.end(row, "SIGKILL"))
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("never signals every process, nor a group that is gone", () =>
    Effect.gen(function*() {
      const table = yield* ProcessTable
      assert.isFalse(yield* table.signalGroup(1, "SIGTERM"))
      assert.isFalse(yield* table.signalGroup(0, "SIGTERM"))
      assert.isFalse(yield* table.signalGroup(2 ** 22 + 1, "SIGTERM"))
    }).pipe(Effect.provide(platform)))
})
