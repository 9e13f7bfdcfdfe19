import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import type { AgentRunRequest } from "../../schemas/Provider.ts"
import { type AgentSession, definePlugin, provider, type ProviderOptions } from "../../src/sdk/Sdk.ts"
import { plug, refusal } from "./Plugged.ts"

const identity = { name: "animus-provider-test", version: "0.1.0", plugin_kind: "provider", description: "for tests" }

const response = { session_id: "own-1", exit_code: 0, output: "done", duration_ms: 1, backend: "test" }

const talkative = (_: AgentRunRequest, session: AgentSession) =>
  Effect.gen(function*() {
    yield* session.output("o")
    yield* session.thinking("t")
    yield* session.toolCall("grep", { q: 1 })
    yield* session.toolResult("grep", "found", true)
    yield* session.error("e", true)
    return response
  })

const begun = Effect.fnUntraced(function*(options: ProviderOptions) {
  const wire = yield* plug(definePlugin({ manifest: identity, serves: provider(options) }))
  yield* wire.begin()
  return wire
})

const request = { prompt: "p", cwd: "/", control_session_id: "host-1" }

describe("a provider", () => {
  it.effect("tells everything under the host's session id before it answers", () =>
    Effect.gen(function*() {
      const { send, take } = yield* begun({ tool: "test", run: talkative })
      yield* send({ id: 1, method: "agent/run", params: request })
      for (const method of ["output", "thinking", "toolCall", "toolResult", "error"]) {
        const told = yield* take
        assert.strictEqual(told["method"], `agent/${method}`)
        assert.propertyVal(told["params"], "session_id", "host-1")
      }
      assert.deepStrictEqual((yield* take)["result"], response)
    }))

  it.effect("says honestly that it cannot resume", () =>
    Effect.gen(function*() {
      const { call } = yield* begun({ tool: "test", run: talkative })
      assert.deepStrictEqual(refusal(yield* call("agent/resume", request)), [-32001, "not_supported"])
      const { manifest } = definePlugin({ manifest: identity, serves: provider({ tool: "test", run: talkative }) })
      assert.notInclude(manifest.capabilities, "agent/resume")
      assert.include(manifest.capabilities, "provider_tool:test")
    }))

  it.effect("needs an id to resume, and refuses params that do not fit", () =>
    Effect.gen(function*() {
      const { call } = yield* begun({ tool: "test", run: talkative, resume: talkative })
      assert.deepStrictEqual(refusal(yield* call("agent/resume", request)), [-32602, "invalid_request"])
      assert.deepStrictEqual(refusal(yield* call("agent/run", { prompt: 1 })), [-32602, "invalid_request"])
    }))
})

describe("agent/respond", () => {
  const asking: ProviderOptions = {
    tool: "test",
    interactive: true,
    run: (_, session) =>
      session.ask({ kind: "approval", payload: { tool_name: "rm" } }).pipe(
        Effect.map(({ decision = "" }) => ({ ...response, output: decision }))
      )
  }
  const asked = Effect.gen(function*() {
    const wire = yield* begun(asking)
    yield* wire.send({ id: "run", method: "agent/run", params: request })
    const told = yield* wire.take
    assert.strictEqual(told["method"], "agent/interactionRequested")
    assert.containSubset(told["params"], { session_id: "host-1", kind: "approval", payload: { tool_name: "rm" } })
    const { interaction_id } = Object(told["params"])
    const reply = { interaction_id, session_id: "host-1", response: { decision: "deny" } }
    return { ...wire, reply }
  })

  it.effect("brings the reply to the agent that asked, once", () =>
    Effect.gen(function*() {
      const { call, reply, send, take } = yield* asked
      yield* send({ id: 1, method: "agent/respond", params: reply })
      const answers = [yield* take, yield* take]
      assert.deepStrictEqual(answers.find(({ id }) => id === 1)?.["result"], { accepted: true })
      assert.deepPropertyVal(answers.find(({ id }) => id === "run")?.["result"], "output", "deny")
      assert.deepStrictEqual(yield* call("agent/respond", reply), { result: { accepted: false } })
    }))

  it.effect("does not take the reply of another session, or of nobody's question", () =>
    Effect.gen(function*() {
      const { call, reply } = yield* asked
      for (const other of [{ session_id: "host-2" }, { interaction_id: "nothing" }]) {
        assert.deepStrictEqual(yield* call("agent/respond", { ...reply, ...other }), { result: { accepted: false } })
      }
      assert.deepStrictEqual(refusal(yield* call("agent/respond", { session_id: "host-1" })), [
        -32602,
        "invalid_request"
      ])
    }))

  it.effect("forgets the question of a run that was cancelled", () =>
    Effect.gen(function*() {
      const { call, reply, send, take } = yield* asked
      yield* send({ id: "stop", method: "agent/cancel", params: { session_id: "host-1" } })
      yield* Effect.all([take, take])
      assert.deepStrictEqual(yield* call("agent/respond", reply), { result: { accepted: false } })
    }))

  it.effect("is declined, and asking fails, where no agent asks", () =>
    Effect.gen(function*() {
      const { call } = yield* begun({ ...asking, interactive: false })
      assert.deepStrictEqual(refusal(yield* call("agent/respond", {})), [-32001, "not_supported"])
      assert.deepStrictEqual(refusal(yield* call("agent/run", request)), [-32001, "not_supported"])
    }))

  it("is listed by a provider whose agents ask, and by no other", () => {
    const capabilities = (options: ProviderOptions) =>
      definePlugin({ manifest: identity, serves: provider(options) }).manifest.capabilities
    assert.include(capabilities(asking), "agent/respond")
    assert.notInclude(capabilities({ ...asking, interactive: false }), "agent/respond")
  })
})

describe("agent/cancel", () => {
  it.effect.each(["host-1", "own-1"])(
    "reaches the live session as %s while it runs",
    (session_id) =>
      Effect.gen(function*() {
        const settled = yield* Deferred.make<void>()
        const { ask, send, take } = yield* begun({
          tool: "test",
          cancel: "settle",
          run: (_, session) =>
            Effect.gen(function*() {
              yield* session.knownAs("own-1")
              yield* session.cancelled
              yield* Deferred.succeed(settled, undefined)
              return { ...response, exit_code: 130 }
            })
        })
        yield* send({ id: 1, method: "agent/run", params: request })
        assert.deepStrictEqual((yield* take)["params"], { session_id: "own-1", control_session_id: "host-1" })
        assert.deepStrictEqual(refusal(yield* ask(2, "agent/run", request)), [-32600, "conflict"])
        yield* send({ id: 3, method: "agent/cancel", params: { session_id } })
        const answers = [yield* take, yield* take]
        assert.deepStrictEqual(answers.find(({ id }) => id === 1)?.["result"], { ...response, exit_code: 130 })
        assert.deepStrictEqual(answers.find(({ id }) => id === 3)?.["result"], { session_id, cancelled: true })
        yield* Deferred.await(settled)
        assert.deepStrictEqual(refusal(yield* ask(4, "agent/cancel", { session_id })), [-32602, "not_found"])
      })
  )

  it.effect("interrupts a run that does not settle by itself", () =>
    Effect.gen(function*() {
      const interrupted = yield* Deferred.make<void>()
      const { send, take } = yield* begun({
        tool: "test",
        run: () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      })
      yield* send({ id: 1, method: "agent/run", params: request })
      yield* send({ id: 2, method: "agent/cancel", params: { session_id: "host-1" } })
      const answers = [yield* take, yield* take]
      assert.propertyVal(answers.find(({ id }) => id === 1)?.["result"], "exit_code", 130)
      yield* Deferred.await(interrupted)
    }))

  it.effect("says so when the run does not stop", () =>
    Effect.gen(function*() {
      const { send, take } = yield* begun({
        tool: "test",
        cancel: "settle",
        run: (_, session) => Effect.andThen(session.cancelled, Effect.andThen(session.output("no"), Effect.never))
      })
      yield* send({ id: 1, method: "agent/run", params: request })
      yield* send({ id: 2, method: "agent/cancel", params: { session_id: "host-1" } })
      assert.strictEqual((yield* take)["method"], "agent/output")
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(refusal(yield* take), [-32603, "unavailable"])
    }))
})
