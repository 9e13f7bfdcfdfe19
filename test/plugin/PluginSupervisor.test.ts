import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { answer, hostOf, initializeResult, script, serving } from "./scripted.ts"

const call = (method: string, timeout = 120_000) =>
  Effect.flatMap(PluginHost, (host) => host.call("demo", method, {}, { timeout }))

const status = Effect.flatMap(PluginHost, (host) => host.status("demo"))

/** Ends at once, and notes when it was started. */
const failing = (starts: Array<number>) =>
  script(() =>
    Effect.gen(function*() {
      starts.push(yield* Clock.currentTimeMillis)
      return 1
    })
  )

describe("PluginSupervisor", () => {
  it.effect("restarts after 1, 2, 4, 8 and 16 seconds, then disables the plugin and lives on", () => {
    const starts: Array<number> = []
    return Effect.gen(function*() {
      const first = yield* Effect.flip(call("x"))
      assert.strictEqual(first._tag, "PluginCrashed")
      assert.strictEqual((yield* status).state, "backing-off")
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(starts, [0, 1_000, 3_000, 7_000, 15_000, 31_000])
      const end = yield* status
      assert.strictEqual(end.state, "disabled")
      assert.strictEqual(end.restarts, 5)
      const error = yield* Effect.flip(call("x"))
      assert.strictEqual(error._tag, "RestartBudgetExhausted")
      assert.include(error.message, "exit code 1")
      assert.strictEqual(starts.length, 6)
    }).pipe(Effect.provide(hostOf(failing(starts))))
  })

  it.effect("a minute of health gives the whole budget back", () => {
    const starts: Array<number> = []
    const lifetimes = [59_999, 60_000, 0, 0, 0, 0, 0, 0]
    const program = script((talk) =>
      Effect.gen(function*() {
        const life = lifetimes[starts.length] ?? 0
        starts.push(yield* Clock.currentTimeMillis)
        const { id } = yield* talk.take
        yield* talk.say(answer(id, initializeResult()))
        yield* Effect.sleep(life)
        return 1
      })
    )
    return Effect.gen(function*() {
      const host = yield* PluginHost
      yield* host.initialized("demo")
      yield* TestClock.adjust("10 minutes")
      const gaps = starts.slice(1).map((at, n) => at - (starts[n] ?? 0) - (lifetimes[n] ?? 0))
      // Almost healthy: the second delay would be two seconds. Healthy: one second again, and five restarts left.
      assert.deepStrictEqual(gaps, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000])
      assert.strictEqual((yield* status).state, "disabled")
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("callers during back-off wait for the next start, each until its own deadline", () => {
    let attempts = 0
    const healthy = serving(({ id }, { say }) => say(answer(id, "up")))
    const program: typeof healthy = (command) => attempts++ < 2 ? Effect.succeed(1) : healthy(command)
    return Effect.gen(function*() {
      yield* Effect.flip(call("x"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* status).restarts, 2)
      const patient = yield* Effect.forkChild(call("x"))
      const hasty = yield* Effect.forkChild(Effect.flip(call("x", 500)))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* Fiber.join(hasty))._tag, "RequestTimedOut")
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(yield* Fiber.join(patient), "up")
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("many first callers share one start", () => {
    let starts = 0
    const healthy = serving(({ id }, { say }) => say(answer(id, "up")))
    const program: typeof healthy = (command) => {
      starts++
      return healthy(command)
    }
    return Effect.gen(function*() {
      yield* Effect.forEach(Array.from({ length: 50 }), () => call("x"), { concurrency: "unbounded" })
      assert.strictEqual(starts, 1)
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("a caller who waits when the host closes is told, not left", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const outcome = yield* Deferred.make<string>()
      const silent = script(() => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never))
      yield* Effect.gen(function*() {
        const host = yield* PluginHost
        yield* Effect.flip(host.call("demo", "x", {})).pipe(
          Effect.flatMap(({ _tag }) => Deferred.succeed(outcome, _tag)),
          Effect.forkDetach
        )
        yield* Deferred.await(asked)
      }).pipe(Effect.provide(hostOf(silent)))
      assert.strictEqual(yield* Deferred.await(outcome), "ConnectionLost")
    }))
})
