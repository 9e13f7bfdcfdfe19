import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Exit, Fiber, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionLost, type PluginError, PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import { SessionId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { AgentNotification } from "../../schemas/Provider.ts"
import { type AgentSession, AgentSessions } from "../../src/agent/AgentSessions.ts"
import { type Call, HostDouble } from "./HostDouble.ts"

const plugin = "animus-provider-exec"
const manifests = {
  [plugin]: ["agent/run", "agent/resume", "agent/cancel", "provider_tool:exec"],
  "animus-provider-oai": ["agent/run"],
  "my-own": ["agent/run", "provider_tool:special"],
  "animus-provider-late": ["agent/run"]
}
const answer: Json = { session_id: "own-1", exit_code: 0, output: "done", duration_ms: 1, backend: "exec" }
const output = (session: string, text: string) => ["agent/output", { session_id: session, text }] as const
const session = (name: string, more: Partial<AgentSession> = {}): AgentSession => ({
  session: SessionId.make(name),
  tool: "exec",
  request: { prompt: "p", cwd: "/w", env: {} },
  onEvents: () => Effect.void,
  ...more
})
/** A session that remembers the texts it was given. */
const listening = (name: string, more: Partial<AgentSession> = {}) => {
  const heard: Array<string> = []
  const wordOf = (event: AgentNotification) =>
    event._tag === "Output" ? event.text : event._tag === "Error" ? `error: ${event.message}` : event._tag
  const onEvents: AgentSession["onEvents"] = (events) => Effect.sync(() => void heard.push(...events.map(wordOf)))
  return { heard, session: session(name, { onEvents, ...more }) }
}

const withHost = <A, E>(
  answering: (call: Call, host: HostDouble) => Effect.Effect<Json, PluginError>,
  body: (agents: AgentSessions["Service"], host: HostDouble) => Effect.Effect<A, E>
) => {
  const host = new HostDouble(manifests, answering)
  return Effect.flatMap(AgentSessions, (agents) => body(agents, host)).pipe(
    Effect.provide(AgentSessions.layer.pipe(Layer.provide(host.layer)))
  )
}

/** A provider whose runs go on until they are cancelled, which answers exit code 130. */
const endless = () => {
  const begun = Latch.makeUnsafe(false)
  const cancelled = Latch.makeUnsafe(false)
  const answering = ({ method }: Call): Effect.Effect<Json, PluginError> =>
    method === "agent/cancel"
      ? Effect.as(cancelled.open, { session_id: "s", cancelled: true })
      : begun.open.pipe(
        Effect.andThen(cancelled.await),
        Effect.as({ ...Object(answer), exit_code: 130, output: "half" })
      )
  return { answering, begun, cancelled }
}

describe("run", () => {
  it.effect("hands every frame to its owner, in order and before the answer they precede", () => {
    const { heard, session: one } = listening("s")
    const slow: AgentSession = { ...one, onEvents: (events) => Effect.andThen(Effect.yieldNow, one.onEvents(events)) }
    const texts = Array.from({ length: 50 }, (_, index) => String(index))
    return withHost(
      (_, host) => Effect.forEach(texts, (text) => host.emit(plugin, output("s", text))).pipe(Effect.as(answer)),
      Effect.fnUntraced(function*(agents, host) {
        const response = yield* agents.run(slow)
        assert.deepStrictEqual(heard, texts)
        assert.strictEqual(response.output, "done")
        assert.strictEqual(host.owners.size, 0)
        const { params } = host.calls[0] ?? assert.fail("nothing was asked")
        assert.deepInclude(params, { prompt: "p", control_session_id: "s", timeout_secs: 1800 })
        assert.strictEqual((yield* agents.status(one.session)).status, "completed")
      })
    )
  })

  it.effect("holds the provider back while the owner is busy", () => {
    const gate = Latch.makeUnsafe(false)
    let emitted = 0
    return withHost(
      (_, host) =>
        Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.tap(host.emit(plugin, output("s", "x")), () => Effect.sync(() => emitted++))
        )
          .pipe(Effect.as(answer)),
      Effect.fnUntraced(function*(agents) {
        const running = yield* Effect.forkChild(agents.run(session("s", { onEvents: () => gate.await })))
        yield* TestClock.adjust("1 second")
        assert.isBelow(emitted, 4)
        yield* gate.open
        yield* Fiber.join(running)
        assert.strictEqual(emitted, 10)
      })
    )
  })

  it.effect("tells sessions of one process apart, by either id, and gives nobody what could be anybody's", () => {
    const release = Latch.makeUnsafe(false)
    const [a, b] = [listening("a"), listening("b")]
    return withHost(
      () => Effect.as(release.await, answer),
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(
          Effect.all([agents.run(a.session), agents.run(b.session)], { concurrency: 2 })
        )
        yield* TestClock.adjust(0)
        yield* host.emit(plugin, output("stranger", "lost"), output("a", "1"), output("b", "2"))
        yield* host.emit(plugin, ["agent/session", { session_id: "own-a", control_session_id: "a" }])
        yield* host.emit(plugin, output("own-a", "3"), output("own-b", "4"), output("b", "5"))
        yield* release.open
        yield* Fiber.join(running)
        assert.deepStrictEqual(a.heard, ["1", "Metadata", "3"])
        assert.deepStrictEqual(b.heard, ["2", "4", "5"])
      })
    )
  })

  it.effect("resumes by the provider's own id, and hears it by that id", () => {
    const { heard, session: one } = listening("s", { resume: "own-7" })
    return withHost(
      (_, host) => Effect.as(host.emit(plugin, output("own-7", "again"), ["$/progress", { id: 1 }]), answer),
      Effect.fnUntraced(function*(agents, host) {
        yield* agents.run(one)
        assert.deepStrictEqual(host.methods, ["agent/resume"])
        assert.deepInclude(host.calls[0]?.params, { session_id: "own-7", control_session_id: "s" })
        assert.deepStrictEqual(heard, ["again", "Metadata"])
      })
    )
  })

  it.effect("puts values into env references only in what it sends", () => {
    const launch = { command: "agent", env: { TOKEN: "${API_TOKEN}" } }
    const request: AgentSession["request"] = {
      prompt: "p",
      cwd: "/w",
      env: { A: "${API_TOKEN}" },
      runtime_contract: { cli: { launch } }
    }
    return withHost(
      () => Effect.succeed(answer),
      Effect.fnUntraced(function*(agents, host) {
        yield* agents.run(session("s", { request }))
        assert.deepInclude(host.calls[0]?.params, {
          env: { A: "s3cret" },
          runtime_contract: { cli: { launch: { command: "agent", env: { TOKEN: "s3cret" } } } }
        })
        assert.strictEqual(launch.env.TOKEN, "${API_TOKEN}")
        const unset = yield* Effect.flip(agents.run(session("t", { request: { ...request, env: { A: "${GONE}" } } })))
        assert.strictEqual(unset._tag, "InvalidInput")
        assert.strictEqual(host.calls.length, 1)
      })
    ).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { API_TOKEN: "s3cret" } }))))
  })

  const endings: ReadonlyArray<readonly [string, Effect.Effect<Json, PluginError>, string]> = [
    [
      "a refusal",
      Effect.fail(new PluginRefused({ plugin, method: "agent/run", code: -32603, detail: "no" })),
      "PluginRefused"
    ],
    ["a lost connection", Effect.fail(new ConnectionLost({ plugin, detail: "gone" })), "ConnectionLost"],
    ["nonsense", Effect.succeed({ exit_code: "0" }), "PluginRefused"]
  ]
  it.effect.each(endings)("passes on %s once, typed, after the frames before it", ([, result, tag]) => {
    const { heard, session: one } = listening("s")
    return withHost(
      (_, host) => Effect.andThen(host.emit(plugin, output("s", "first")), result),
      Effect.fnUntraced(function*(agents, host) {
        const error = yield* Effect.flip(agents.run(one))
        assert.strictEqual(error._tag, tag)
        assert.deepStrictEqual(heard, ["first"])
        assert.deepStrictEqual(host.methods, ["agent/run"])
        assert.strictEqual((yield* agents.status(one.session)).lastError, error.message)
      })
    )
  })

  it.effect("does not wait for frames that a lost process will never bring", () =>
    withHost(
      (_, host) =>
        host.lose(plugin, new ConnectionLost({ plugin, detail: "gone" })).pipe(
          Effect.andThen(Effect.fail(new ConnectionLost({ plugin, detail: "gone" })))
        ),
      Effect.fnUntraced(function*(agents) {
        assert.strictEqual((yield* Effect.flip(agents.run(session("s"))))._tag, "ConnectionLost")
      })
    ))
})

describe("the end", () => {
  it.effect("comes at the deadline: cancelled at the provider, told to the owner, exit code 124", () => {
    const { answering } = endless()
    const { heard, session: one } = listening("s", { request: { prompt: "p", cwd: "/w", env: {}, timeout_secs: 60 } })
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(one))
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(host.methods, ["agent/run"])
        yield* TestClock.adjust("1 second")
        const response = yield* Fiber.join(running)
        assert.deepStrictEqual([response.exit_code, response.output, response.session_id], [124, "half", "own-1"])
        assert.deepStrictEqual(heard, ["error: out of time: the session was ended after 60 s"])
        assert.deepStrictEqual(host.methods, ["agent/run", "agent/cancel"])
        assert.strictEqual((yield* agents.status(one.session)).status, "failed")
      })
    )
  })

  it.effect("comes at the deadline even when the provider is deaf", () =>
    withHost(
      () => Effect.never,
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(session("s")))
        yield* TestClock.adjust("1820 seconds")
        const response = yield* Fiber.join(running)
        assert.deepStrictEqual([response.exit_code, response.output], [124, ""])
        assert.strictEqual(host.owners.size, 0)
      })
    ))

  it.effect("is waited for when the run is interrupted", () => {
    const { answering, begun, cancelled } = endless()
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(session("s")))
        yield* begun.await
        yield* Fiber.interrupt(running)
        assert.isTrue(cancelled.isOpen())
        assert.deepStrictEqual(host.calls.map(({ method, params }) => [method, method === "agent/cancel" && params]), [
          ["agent/run", false],
          ["agent/cancel", { session_id: "s" }]
        ])
        assert.strictEqual((yield* agents.status(SessionId.make("s"))).status, "cancelled")
      })
    )
  })

  it.effect("comes at once when its owner fails over a frame, and holds the provider up no longer", () => {
    const { answering } = endless()
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents, host) {
        const one = session("s", { onEvents: () => Effect.die(new Error("no such run")) })
        const running = yield* Effect.forkChild(agents.run(one))
        yield* TestClock.adjust("1 second")
        yield* Effect.forEach(Array.from({ length: 10 }), () => host.emit(plugin, output("s", "word")))
        const exit = yield* Fiber.await(running)
        assert.include(Exit.isFailure(exit) ? String(exit.cause) : "it ended well", "no such run")
        assert.deepStrictEqual(host.methods, ["agent/run", "agent/cancel"])
        const { lastError, status } = yield* agents.status(one.session)
        assert.deepStrictEqual({ lastError, status }, { lastError: "no such run", status: "failed" })
      })
    )
  })

  it.effect("is not waited for longer than it may take", () => {
    const begun = Latch.makeUnsafe(false)
    return withHost(
      () => Effect.andThen(begun.open, Effect.never),
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(session("s")))
        yield* begun.await
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(running))
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(interrupting)
        assert.strictEqual(host.owners.size, 0)
      })
    )
  })
})

describe("cancel", () => {
  it.effect("reaches the live session and returns when it has ended", () => {
    const { answering, begun } = endless()
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents) {
        const running = yield* Effect.forkChild(agents.run(session("s")))
        yield* begun.await
        assert.strictEqual((yield* agents.status(SessionId.make("s"))).status, "running")
        yield* agents.cancel(SessionId.make("s"))
        assert.strictEqual((yield* agents.status(SessionId.make("s"))).status, "cancelled")
        assert.strictEqual((yield* Fiber.join(running)).exit_code, 130)
        assert.strictEqual((yield* Effect.flip(agents.cancel(SessionId.make("s"))))._tag, "SessionNotFound")
      })
    )
  })

  /** It says that it cancelled, and goes on. */
  const deaf = () => {
    const begun = Latch.makeUnsafe(false)
    const answering = ({ method }: Call): Effect.Effect<Json, PluginError> =>
      method === "agent/cancel"
        ? Effect.succeed({ session_id: "s", cancelled: true })
        : Effect.andThen(begun.open, Effect.never)
    return { begun, answering }
  }
  const cancelled = Effect.fnUntraced(
    function*(agents: AgentSessions["Service"], running: Fiber.Fiber<unknown, unknown>) {
      assert.strictEqual((yield* agents.status(SessionId.make("s"))).status, "cancelled")
      assert.instanceOf(yield* Effect.flip(Fiber.join(running)), ConnectionLost)
    }
  )

  it.effect("ends the process of a provider that cannot be asked", () => {
    const { answering, begun } = deaf()
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(session("s", { tool: "oai-runner" })))
        yield* begun.await
        yield* agents.cancel(SessionId.make("s"))
        assert.deepStrictEqual([host.methods, host.restarted], [["agent/run"], ["animus-provider-oai"]])
        yield* cancelled(agents, running)
      })
    )
  })

  it.effect("ends the process of a provider that does not stop in ten seconds, and not before", () => {
    const { answering, begun } = deaf()
    return withHost(
      answering,
      Effect.fnUntraced(function*(agents, host) {
        const running = yield* Effect.forkChild(agents.run(session("s")))
        yield* begun.await
        const cancelling = yield* Effect.forkChild(agents.cancel(SessionId.make("s")))
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual(host.restarted, [])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(cancelling)
        assert.deepStrictEqual(host.restarted, ["animus-provider-exec"])
        yield* cancelled(agents, running)
      })
    )
  })
})

describe("providers", () => {
  it.effect("that are missing are told with those that are there", () =>
    withHost(
      () => Effect.succeed(answer),
      Effect.fnUntraced(function*(agents) {
        const error = yield* Effect.flip(agents.run(session("s", { tool: "nope" })))
        assert.deepStrictEqual(error._tag === "ProviderMissing" && error.known, ["exec", "late", "oai", "special"])
        assert.strictEqual((yield* Effect.exit(agents.canResume("nope")))._tag, "Failure")
      })
    ))

  it.effect("can resume when the manifest or the handshake says so", () =>
    withHost(
      () => Effect.succeed(answer),
      Effect.fnUntraced(function*(agents) {
        assert.deepStrictEqual(
          yield* Effect.forEach(["exec", "oai", "late"], agents.canResume),
          [true, false, true]
        )
      })
    ))
})

it.effect("the last hundred sessions are remembered", () =>
  withHost(
    () => Effect.succeed(answer),
    Effect.fnUntraced(function*(agents) {
      yield* Effect.forEach(Array.from({ length: 102 }), (_, index) => agents.run(session(`s${index}`)))
      const known = yield* Effect.forEach(
        ["s1", "s2", "s101"],
        (name) => Effect.exit(agents.status(SessionId.make(name)))
      )
      assert.deepStrictEqual(known.map(Exit.isSuccess), [false, true, true])
    })
  ))

it.effect("a session that ended is told to whoever cancels it at that moment", () => {
  const end = Deferred.makeUnsafe<void>()
  const begun = Latch.makeUnsafe(false)
  const gone = new PluginRefused({
    plugin,
    method: "agent/cancel",
    code: -32602,
    detail: "no",
    data: { category: "not_found" }
  })
  return withHost(
    ({ method }) =>
      method === "agent/cancel"
        ? Effect.andThen(Deferred.succeed(end, undefined), Effect.fail(gone))
        : begun.open.pipe(Effect.andThen(Deferred.await(end)), Effect.as(answer)),
    Effect.fnUntraced(function*(agents) {
      yield* Effect.forkChild(agents.run(session("s")))
      yield* begun.await
      yield* agents.cancel(SessionId.make("s"))
    })
  )
})
