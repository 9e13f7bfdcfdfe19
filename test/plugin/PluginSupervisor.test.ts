import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { childless } from "../../layers/PluginProcessMemory.ts"
import { ProjectNotTrusted } from "../../schemas/errors/DaemonErrors.ts"
import { ConnectionLost, PluginCrashed } from "../../schemas/errors/PluginErrors.ts"
import type { PluginConnection } from "../../src/plugin/PluginConnection.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { supervise } from "../../src/plugin/PluginSupervisor.ts"
import { answer, greet, hostOf, initializeResult, script, serving } from "./scripted.ts"

const call = (method: string, timeout = 120_000) =>
  Effect.flatMap(PluginHost, (host) => host.call("demo", method, {}, { timeout }))

const status = Effect.flatMap(PluginHost, (host) => host.status("demo"))

const process = (
  pid: number,
  over: PluginConnection["over"],
  lost: PluginConnection["lost"]
): PluginConnection => ({
  pid,
  initialized: {
    ...initializeResult(),
    capabilities: { methods: [], streaming: false, progress: false, cancellation: false }
  },
  ask: () => Effect.never,
  call: () => Effect.never,
  notify: () => Effect.void,
  own: () => Effect.never,
  observe: Effect.never,
  heirs: childless,
  over,
  lost
})

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

  it.effect("a minute of health is forgotten trouble: the next restart counts as the first", () => {
    const lifetimes = [0, 0, 60_000]
    let starts = 0
    const program = script((talk) =>
      Effect.gen(function*() {
        const life = lifetimes[starts++] ?? 0
        const { id } = yield* talk.take
        yield* talk.say(answer(id, initializeResult()))
        yield* Effect.sleep(life)
        return 1
      })
    )
    return Effect.gen(function*() {
      const host = yield* PluginHost
      yield* host.initialized("demo")
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* status, { state: "running", restarts: 2 })
      // Dead after 63 seconds, and started again a second later.
      yield* TestClock.adjust("53500 millis")
      assert.deepInclude(yield* status, { state: "backing-off", restarts: 1 })
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

  it.effect("a defect while it starts is a crash: callers hear at once, and the next start is tried", () => {
    let starts = 0
    const healthy = serving(({ id }, { say }) => say(answer(id, "up")))
    const program: typeof healthy = (command) => {
      if (starts++ === 0) throw new Error("no such pipe")
      return healthy(command)
    }
    return Effect.gen(function*() {
      const errors = yield* Effect.all([Effect.flip(call("x")), Effect.flip(call("y"))], { concurrency: 2 })
      for (const error of errors) {
        assert.strictEqual(error._tag, "PluginCrashed")
        assert.include(error.message, "no such pipe")
      }
      assert.strictEqual((yield* status).state, "backing-off")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* call("x"), "up")
      assert.strictEqual((yield* status).restarts, 1)
    }).pipe(Effect.provide(hostOf(program)))
  })

  /** Fails, and would fail in the same way again. */
  const disabledAtOnce = Effect.fnUntraced(function*(tag: string, reason: string) {
    for (const attempt of ["first", "second"]) {
      const error = yield* Effect.flip(call(attempt))
      assert.strictEqual(error._tag, tag)
      assert.include(error.message, reason)
      yield* TestClock.adjust("10 minutes")
    }
    const { lastError, restarts, state } = yield* status
    assert.deepStrictEqual({ state, restarts }, { state: "disabled", restarts: 0 })
    assert.include(lastError, reason)
  })

  it.effect("another protocol disables it at once, since no restart cures that", () => {
    let starts = 0
    const program = script(({ say, take }) =>
      Effect.gen(function*() {
        starts++
        const { id } = yield* take
        yield* say(answer(id, initializeResult({}, "2.0.0")))
        return yield* Effect.never
      })
    )
    return Effect.gen(function*() {
      yield* disabledAtOnce("ProtocolMismatch", "2.0.0")
      assert.strictEqual(starts, 1)
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("so does a project that is not trusted, and nothing of it is started", () => {
    const starts: Array<number> = []
    const trust = (because: string) => Effect.fail(new ProjectNotTrusted({ projectRoot: "/project", because }))
    return Effect.gen(function*() {
      yield* disabledAtOnce("PluginCrashed", "animus trust. Then: animus plugin restart demo")
      assert.deepStrictEqual(starts, [])
    }).pipe(Effect.provide(hostOf(failing(starts), {}, { source: "project_local", trust })))
  })

  it.effect("who asks while the last words of a lost process are gathered waits for the next one", () =>
    Effect.gen(function*() {
      const [over, lost] = [yield* Deferred.make<ConnectionLost>(), yield* Deferred.make<PluginCrashed>()]
      const processes = [process(1, Deferred.await(over), Deferred.await(lost)), process(2, Effect.never, Effect.never)]
      const supervisor = supervise({
        plugin: "demo",
        connect: () => Effect.orDie(Effect.fromNullishOr(processes.shift())),
        publish: () => Effect.void,
        scope: yield* Effect.scope
      })
      assert.strictEqual((yield* supervisor.connection).pid, 1)
      yield* Deferred.succeed(over, new ConnectionLost({ plugin: "demo", detail: "its stdin is closed" }))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(supervisor.running())
      assert.include((yield* supervisor.status).lastError, "its stdin is closed")
      const next = yield* Effect.forkChild(supervisor.connection)
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(next.pollUnsafe())
      yield* Deferred.succeed(lost, new PluginCrashed({ plugin: "demo", detail: "its last words: no license" }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(next)).pid, 2)
      assert.include((yield* supervisor.status).lastError, "no license")
    }))

  it.effect("a clock that is set back takes no minute of health away", () => {
    let lives = 0
    const program = script((talk) =>
      Effect.gen(function*() {
        if (++lives === 1) return 1
        yield* greet(talk)
        yield* talk.take
        return 1
      })
    )
    return Effect.gen(function*() {
      yield* Effect.flip(call("x"))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* status).restarts, 1)
      yield* TestClock.setTime(1_000)
      yield* Effect.flip(call("die"))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* status).restarts, 1)
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("a restart tells whoever waits for the next start why, at once", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      yield* Effect.flip(call("x"))
      assert.strictEqual((yield* status).state, "backing-off")
      const waiting = yield* Effect.forkChild(Effect.flip(call("x")))
      yield* TestClock.adjust("10 millis")
      yield* host.restart("demo", "an operator restarted it")
      yield* TestClock.adjust("10 millis")
      assert.isDefined(waiting.pollUnsafe(), "who waited is still waiting")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "an operator restarted it")
      assert.strictEqual((yield* status).state, "idle")
    }).pipe(Effect.provide(hostOf(failing([])))))

  it.effect("a restart that is given up half way is done all the same", () => {
    const stubborn = serving(({ id, method }, { say }) => method === "hang" ? Effect.never : say(answer(id, "up")))
    return Effect.gen(function*() {
      const host = yield* PluginHost
      assert.strictEqual(yield* call("x"), "up")
      yield* Effect.forkChild(Effect.flip(call("hang")))
      const restarting = yield* Effect.forkChild(host.restart("demo", "an operator restarted it"))
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(Fiber.interrupt(restarting))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* call("x"), "up")
    }).pipe(Effect.provide(hostOf(stubborn)))
  })

  it.effect("there is one process at a time, whoever calls while it is restarted", () => {
    let alive = 0
    let most = 0
    const healthy = serving(({ id }, { say }) => say(answer(id, "up")))
    const program: typeof healthy = (command) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          most = Math.max(most, ++alive)
        }),
        () => healthy(command),
        () => Effect.sync(() => alive--)
      )
    return Effect.gen(function*() {
      const host = yield* PluginHost
      for (let turns = 0; turns < 12; turns++) {
        assert.strictEqual(yield* call("x"), "up")
        const restarting = yield* Effect.forkChild(host.restart("demo", "an operator restarted it"))
        for (let turn = 0; turn < turns; turn++) {
          yield* Effect.forkChild(Effect.exit(call("x")))
          yield* Effect.yieldNow
        }
        yield* Fiber.join(restarting)
      }
      assert.strictEqual(most, 1)
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
