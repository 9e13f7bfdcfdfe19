/** `agent/*` over agents that are a function, through the same client and codec as everybody's. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Stream } from "effect"
import { type AgentScript, AgentSessionsMemory } from "../../layers/AgentSessionsMemory.ts"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { ProviderMissing, SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import { AgentSessions } from "../../src/agent/AgentSessions.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { AgentHandlers } from "../../src/control/handlers/AgentHandlers.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import type { RunAnswer } from "../../src/run/InteractionAnswer.ts"
import { PhaseRunner } from "../../src/run/PhaseRunner.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import * as Doubles from "./Doubles.ts"

const scope = Layer.succeed(ProjectScope, {
  projectRoot: "/p",
  projectDir: "/p/.animus",
  configDir: "/c",
  scopeDir: "/c/p",
  socketPath: "/c/p/s"
})

const asked: Array<RunAnswer> = []
const runs = Layer.mock(RunEngine)({
  asking: Effect.succeed([{
    run: RunId.make("r1"),
    interaction: "q1",
    phase: "implement",
    attempt: 1,
    session: SessionId.make("s1"),
    kind: "question",
    summary: "which?",
    expiresAt: undefined
  }]),
  respond: (answer) => Effect.sync(() => void asked.push(answer))
})

/** One session is waited for, once. */
const waited = new Set([SessionId.make("asked-for")])
const launches = Layer.mock(PhaseRunner)({
  admit: (session) =>
    Effect.suspend(() => waited.delete(session) ? Effect.void : Effect.fail(new SessionNotFound({ session })))
})

const layerOver = <A>(agents: Layer.Layer<AgentSessions | A>) =>
  ControlClient.layer.pipe(
    Layer.provide(ControlMemory.layer),
    Layer.provide(ControlServer.layer),
    Layer.provide(AgentHandlers.pipe(Layer.provide([runs, launches]))),
    Layer.provide(Layer.unwrap(Effect.map(Doubles.steering, Doubles.handlers))),
    Layer.provideMerge(agents),
    Layer.provideMerge(Notifications.layer),
    Layer.provideMerge(scope)
  )

const layer = (script: AgentScript) => layerOver(AgentSessionsMemory.layer(script))

const answer = { session_id: "own", exit_code: 0, output: "done", duration_ms: 1, backend: "memory" }
const request = { provider: "exec", model: "m", prompt: "p", env: {} }

const controlError = (error: { readonly _tag: string }): ControlError =>
  error instanceof ControlError ? error : assert.fail(`not an answer of the daemon: ${error._tag}`)

/** An agent that is at work until somebody ends it. */
const endless = () => {
  const begun = Latch.makeUnsafe(false)
  const interrupted = Latch.makeUnsafe(false)
  const script: AgentScript = () =>
    Effect.andThen(begun.open, Effect.never).pipe(Effect.onInterrupt(() => interrupted.open))
  return { begun, interrupted, script }
}

const lastSession = Effect.map(AgentSessionsMemory, (agents) => agents.dispatched().at(-1)?.session ?? "")

describe("agent/launch", () => {
  const launch = (session: string) => ({
    session: SessionId.make(session),
    tool: "exec",
    request: { prompt: "p", cwd: "/p", env: {} }
  })

  it.effect("tells everything that the session says, and last how it ended", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const heard = yield* Stream.runCollect(control["agent/launch"](launch("asked-for")))
      assert.deepStrictEqual(Array.from(heard), [
        { watching: true },
        {
          _tag: "Frames",
          frames: [{ method: "agent/output", params: { session_id: "own", text: "hm", final: false } }]
        },
        { _tag: "AgentEnded", response: answer }
      ])
      const again = yield* Effect.flip(Stream.runDrain(control["agent/launch"](launch("asked-for"))))
      assert.strictEqual(controlError(again).category, "not_found")
      assert.strictEqual((yield* AgentSessionsMemory).dispatched().length, 1)
    }).pipe(
      Effect.provide(layer((session) =>
        Effect.as(session.onEvents([{ _tag: "Output", session_id: "own", text: "hm", final: false }]), answer)
      ))
    ))

  it.effect("dispatches no session that the daemon has not asked its runner for", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const refused = yield* Effect.flip(Stream.runDrain(control["agent/launch"](launch("of-anybody"))))
      assert.strictEqual(controlError(refused).category, "not_found")
      assert.deepStrictEqual((yield* AgentSessionsMemory).dispatched(), [])
    }).pipe(Effect.provide(layer(() => Effect.succeed(answer)))))
})

describe("agent/run", () => {
  it.effect("runs an agent in the project, and answers with what it said and cost", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const told = yield* control["agent/run"]({ ...request, system: "be brief", env: { A: "1" } })
      const [session] = (yield* AgentSessionsMemory).dispatched()
      assert.deepInclude(session, { tool: "exec" })
      assert.deepStrictEqual(session?.request, {
        prompt: "p",
        model: "m",
        cwd: "/p",
        project_root: "/p",
        env: { A: "1" },
        system_prompt: "be brief"
      })
      assert.deepStrictEqual(told, {
        session_id: yield* lastSession,
        model: "m",
        output: "done",
        usage: { prompt_tokens: 7, completion_tokens: 9 }
      })
      assert.deepInclude(yield* control["agent/status"]({ id: told.session_id }), {
        session_id: told.session_id,
        status: "completed",
        provider: "exec",
        model: "m"
      })
      yield* control["agent/run"]({ ...request, cwd: "/elsewhere" })
      assert.strictEqual((yield* AgentSessionsMemory).dispatched()[1]?.request.cwd, "/elsewhere")
    }).pipe(Effect.provide(layer(() => Effect.succeed({ ...answer, tokens_used: { input: 7, output: 9 } })))))

  it.effect("an agent that failed is an error, with what it printed and how it ended", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const error = controlError(yield* Effect.flip(control["agent/run"](request)))
      const session_id = yield* lastSession
      assert.include(error.message, "exit code 3: no key")
      assert.deepInclude(error.data, { error: "AgentFailed", session_id, exit_code: 3, output: "half" })
      assert.deepInclude(yield* control["agent/status"]({ id: session_id }), { status: "failed", last_error: "no key" })
    }).pipe(
      Effect.provide(layer(() => Effect.succeed({ ...answer, exit_code: 3, output: "half", errors: ["no key"] })))
    ))

  it.effect("a provider that nobody brings is refused with its name", () =>
    Effect.gen(function*() {
      const error = controlError(yield* Effect.flip((yield* ControlClient)["agent/run"](request)))
      assert.deepInclude(error.data, { error: "ProviderMissing" })
      assert.include(error.message, "exec")
    }).pipe(Effect.provide(layer(() => Effect.fail(new ProviderMissing({ tool: "exec", known: [] }))))))

  it.effect("a client that gives up ends its agent", () => {
    const { begun, interrupted, script } = endless()
    return Effect.gen(function*() {
      const control = yield* ControlClient
      const calling = yield* Effect.forkChild(control["agent/run"](request))
      yield* begun.await
      yield* Fiber.interrupt(calling)
      yield* interrupted.await
    }).pipe(Effect.provide(layer(script)))
  })
})

describe("agent/cancel and agent/status", () => {
  it.effect("cancel ends the live session, and the one who waits for it is told", () => {
    const { begun, interrupted, script } = endless()
    return Effect.gen(function*() {
      const control = yield* ControlClient
      const calling = yield* Effect.forkChild(Effect.flip(control["agent/run"](request)))
      yield* begun.await
      const session_id = yield* lastSession
      assert.strictEqual((yield* control["agent/status"]({ id: session_id })).status, "running")
      assert.deepStrictEqual(yield* control["agent/cancel"]({ session_id }), {})
      assert.isTrue(interrupted.isOpen())
      assert.include((yield* Fiber.join(calling)).message, "the run was cancelled")
      assert.strictEqual((yield* control["agent/status"]({ id: session_id })).status, "cancelled")
      const again = controlError(yield* Effect.flip(control["agent/cancel"]({ session_id })))
      assert.strictEqual(again.category, "not_found")
    }).pipe(Effect.provide(layer(script)))
  })

  it.effect("cancel names what runs on, and whose it is", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      assert.deepStrictEqual(yield* control["agent/cancel"]({ session_id: "s" }), {
        runs_on: [{ pid: 7, command: "sleep", plugin: "animus-provider-exec" }]
      })
    }).pipe(Effect.provide(layerOver(
      Layer.mock(AgentSessions)({
        cancel: () => Effect.succeed([{ pid: 7, startTime: "1", command: "sleep", plugin: "animus-provider-exec" }])
      })
    ))))

  it.effect("a session that nobody knows is not found", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      for (const call of [control["agent/status"]({ id: "x" }), control["agent/cancel"]({ session_id: "x" })]) {
        const error = controlError(yield* Effect.flip<unknown, { readonly _tag: string }, never>(call))
        assert.deepStrictEqual([error.category, error.data?.["error"]], ["not_found", "SessionNotFound"])
      }
    }).pipe(Effect.provide(layer(() => Effect.succeed(answer)))))
})

describe("agent/watch", () => {
  const said = (workflow_id: string, text: string) => ({
    workflow_id,
    phase_id: "plan",
    attempt: 1,
    session_id: "s",
    kind: "output",
    text
  })

  it.effect("tells what agents say from the acknowledgement on, of one run where one is asked for", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const notifications = yield* Notifications
      const watch = Effect.fnUntraced(function*(workflow: { readonly workflow_id?: string }, count: number) {
        const standing = yield* Latch.make(false)
        const told = yield* control["agent/watch"](workflow).pipe(
          Stream.tap((element) => "watching" in element ? standing.open : Effect.void),
          Stream.take(count + 1),
          Stream.runCollect,
          Effect.forkChild
        )
        yield* standing.await
        return told
      })
      const [one, all] = [yield* watch({ workflow_id: "a" }, 2), yield* watch({}, 3)]
      const words = [said("a", "1"), said("b", "2"), said("a", "3")]
      yield* notifications.publish("agent", words)
      assert.deepStrictEqual(yield* Fiber.join(one), [{ watching: true }, said("a", "1"), said("a", "3")])
      assert.deepStrictEqual(yield* Fiber.join(all), [{ watching: true }, ...words])
    }).pipe(Effect.provide(layer(() => Effect.succeed(answer)))))
})

describe("agent/respond", () => {
  const { begun, script } = endless()

  it.effect("goes through the run that the agent works for, by the run or by the session", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      yield* control["agent/respond"]({ workflow_id: "r1", response: { answer: "a" } })
      yield* control["agent/respond"]({ session_id: "s1", interaction_id: "q1", response: { decision: "deny" } })
      assert.deepStrictEqual(asked.splice(0), [
        { run: RunId.make("r1"), response: { answer: "a" } },
        { run: RunId.make("r1"), interaction: "q1", response: { decision: "deny" } }
      ])
    }).pipe(Effect.provide(layer(script))))

  it.effect("reaches an agent with no run around it, and is refused where nobody is meant", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const running = yield* Effect.forkChild(control["agent/run"](request))
      yield* begun.await
      const session_id = yield* lastSession
      yield* control["agent/respond"]({ session_id, interaction_id: "q9", response: { answer: "b" } })
      const agents = yield* AgentSessionsMemory
      assert.deepStrictEqual(agents.answers(), [{ interaction: "q9", response: { answer: "b" } }])
      for (const wrong of [{ session_id }, { session_id: "gone", interaction_id: "q9" }]) {
        const refused = controlError(
          yield* Effect.flip(control["agent/respond"]({ ...wrong, response: { answer: "b" } }))
        )
        assert.include(["invalid_request", "not_found"], refused.category)
      }
      const empty = controlError(yield* Effect.flip(control["agent/respond"]({ workflow_id: "r1", response: {} })))
      assert.strictEqual(empty.category, "invalid_request")
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(layer(script))))
})
