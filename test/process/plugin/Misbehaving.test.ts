import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { tmpdir } from "node:os"
import type { PluginHost } from "../../../src/plugin/PluginHost.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { type Options, withPlugin } from "./Workshop.ts"

type Host = PluginHost["Service"]

const call = (host: Host, method: string, timeout = 10_000) => host.call("fixture", method, {}, { timeout })

/** After every one of these nothing may be left that carries the host's cookie. */
const against = <E>(
  fixture: string,
  promise: string,
  use: (host: Host, cookie: string) => Effect.Effect<void, E, ProcessTable>,
  options?: Options
) =>
  it.live(`${fixture}: ${promise}`, () =>
    Effect.gen(function*() {
      const { left } = yield* withPlugin(fixture, use, options)
      assert.deepStrictEqual(left, [])
    }))

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, done: (value: A) => boolean) =>
  Effect.repeat(effect, { until: done, schedule: Schedule.spaced("20 millis") }).pipe(Effect.timeout("10 seconds"))

const state = (host: Host) => Effect.map(host.status("fixture"), (status) => status.state)

describe("a real plugin that", () => {
  against("prints-garbage", "is understood all the same", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "x"), "clear")
      assert.strictEqual(yield* call(host, "y"), "clear")
    }))

  against("exits-at-once", "is a crash with its exit code and last words", (host) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call(host, "x"))
      assert.strictEqual(error._tag, "PluginCrashed")
      assert.include(error.message, "exit code 3")
      assert.include(error.message, "no license found")
    }))

  against("is-not-there", "is a crash that says so", (host) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call(host, "x"))
      assert.strictEqual(error._tag, "PluginCrashed")
      assert.include(error.message, "no such file")
    }))

  against("never-answers", "costs its caller no more than the deadline", (host) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call(host, "x", 300))
      assert.strictEqual(error._tag, "RequestTimedOut")
    }))

  against("other-version", "is refused, then started again, as any failure", (host) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call(host, "x"))
      assert.strictEqual(error._tag, "ProtocolMismatch")
      assert.strictEqual(yield* state(host), "backing-off")
    }))

  against("ignores-sigterm", "is killed within seconds", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "ping"), "pong")
    }))

  against(
    "leaves-a-grandchild",
    "is not outlived by it when the host closes",
    (host, cookie) =>
      Effect.gen(function*() {
        const table = yield* ProcessTable
        assert.isNumber(yield* call(host, "pid"))
        assert.strictEqual((yield* table.carrying(cookie)).length, 2)
      })
  )

  against("leaves-a-grandchild", "is known to be dead though its pipes stay open", (host) =>
    Effect.gen(function*() {
      const table = yield* ProcessTable
      const grandchild = Number(yield* call(host, "pid"))
      const error = yield* Effect.flip(call(host, "die"))
      assert.strictEqual(error._tag, "ConnectionLost")
      yield* until(table.isAlive(grandchild), (alive) => !alive)
      assert.isNumber(yield* call(host, "pid"))
    }))

  against("floods-stdout", "neither fills the memory nor holds back answers", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "flood"), "flooding")
      const before = process.memoryUsage().rss
      for (let n = 0; n < 20; n++) assert.strictEqual(yield* call(host, "ping"), "pong")
      assert.isBelow(process.memoryUsage().rss - before, 200 * 1024 * 1024)
    }).pipe(Effect.scoped))

  against(
    "never-reads",
    "makes large requests time out and others be refused room, not hang",
    (host) =>
      Effect.gen(function*() {
        const large = "x".repeat(3 * 1024 * 1024)
        const errors = yield* Effect.forEach(
          Array.from({ length: 5 }),
          () => Effect.flip(host.call("fixture", "x", large, { timeout: 500 })),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([...new Set(errors.map(({ _tag }) => _tag))], ["RequestTimedOut"])
      })
  )

  against(
    "closes-stdout",
    "counts as lost and is ended, though it would live on",
    (host, cookie) =>
      Effect.gen(function*() {
        const table = yield* ProcessTable
        const [before] = yield* Effect.andThen(host.initialized("fixture"), table.carrying(cookie))
        const error = yield* Effect.flip(call(host, "x"))
        assert.strictEqual(error._tag, "ConnectionLost")
        yield* until(table.isAlive(before?.pid ?? 0), (alive) => !alive)
      })
  )

  against("crashes-in-a-call", "fails what is open, and is back after a second", (host) =>
    Effect.gen(function*() {
      const first = yield* call(host, "pid")
      const open = yield* Effect.forkChild(Effect.flip(call(host, "hang")))
      const error = yield* Effect.flip(call(host, "die"))
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "SIGKILL")
      assert.strictEqual((yield* Fiber.join(open))._tag, "ConnectionLost")
      yield* until(state(host), (now) => now === "running")
      assert.notStrictEqual(yield* call(host, "pid"), first)
    }))

  against("fills-stderr", "is read, so that it gets through", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "x"), "through")
    }))
})

describe("a plugin's environment", () => {
  against(
    "shows-environment",
    "is the short list, what its manifest asks for, and our mark",
    (host, cookie) =>
      Effect.gen(function*() {
        const { args, cwd, env } = (yield* call(host, "x")) as {
          env: Record<string, string>
          cwd: string
          args: Array<string>
        }
        assert.deepStrictEqual(Object.keys(env).toSorted(), [
          "ANIMUS_COOKIE",
          "ANIMUS_GENERATION",
          "DEMO_TOKEN",
          "HOME",
          "PATH"
        ])
        assert.strictEqual(env["ANIMUS_COOKIE"], cookie)
        assert.strictEqual(env["DEMO_TOKEN"], "s3cret")
        assert.strictEqual(cwd, tmpdir())
        assert.deepStrictEqual(args, [])
      }),
    {
      env: { HOME: "/nowhere", DEMO_TOKEN: "s3cret", OTHER_TOKEN: "not yours" },
      manifest: {
        env_required: [
          { name: "DEMO_TOKEN", sensitive: true, required: true },
          { name: "MISSING_TOKEN", sensitive: true, required: true }
        ]
      }
    }
  )
})
