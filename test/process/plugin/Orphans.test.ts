import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { env as ownEnv } from "node:process"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { sweepOrphans } from "../../../src/project/Orphans.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"

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
