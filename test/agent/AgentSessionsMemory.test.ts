import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { type AgentScript, AgentSessionsMemory } from "../../layers/AgentSessionsMemory.ts"
import { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import { SessionId } from "../../schemas/Ids.ts"
import { type AgentSession, AgentSessions } from "../../src/agent/AgentSessions.ts"

const session = (name: string): AgentSession => ({
  session: SessionId.make(name),
  tool: "exec",
  request: { prompt: name, cwd: "/w", env: {}, model: "m" },
  onEvents: () => Effect.void
})
const answer = { session_id: "own", exit_code: 0, output: "done", duration_ms: 1, backend: "memory" }

/** An agent that never ends by itself. */
const endless = () => {
  const begun = Latch.makeUnsafe(false)
  const interrupted = Latch.makeUnsafe(false)
  const script: AgentScript = () =>
    Effect.andThen(begun.open, Effect.never).pipe(Effect.onInterrupt(() => interrupted.open))
  return { begun, interrupted, script }
}

describe("AgentSessionsMemory", () => {
  it.effect("plays each dispatch, and remembers how it ended as the real one does", () =>
    Effect.gen(function*() {
      const agents = yield* AgentSessions
      const [good, bad, lost] = [session("good"), session("bad"), session("lost")]
      assert.deepStrictEqual(yield* agents.run(good), answer)
      assert.strictEqual((yield* agents.run(bad)).exit_code, 3)
      assert.strictEqual((yield* Effect.flip(agents.run(lost)))._tag, "ConnectionLost")
      assert.deepStrictEqual((yield* AgentSessionsMemory).dispatched(), [good, bad, lost])
      const ends = yield* Effect.forEach([good, bad, lost], (one) => agents.status(one.session))
      assert.deepStrictEqual(ends.map(({ provider, model, status }) => [provider, model, status]), [
        ["exec", "m", "completed"],
        ["exec", "m", "failed"],
        ["exec", "m", "failed"]
      ])
      assert.strictEqual(ends[1]?.lastError, "oh")
      assert.isFalse(yield* agents.canResume("exec"))
    }).pipe(Effect.provide(AgentSessionsMemory.layer(({ session }) => {
      if (session === "lost") return Effect.fail(new ConnectionLost({ plugin: "p", detail: "gone" }))
      return Effect.succeed(session === "bad" ? { ...answer, exit_code: 3, errors: ["oh"] } : answer)
    }))))

  it.effect("cancel ends the agent, and returns when it has ended", () => {
    const { begun, interrupted, script } = endless()
    return Effect.gen(function*() {
      const agents = yield* AgentSessions
      const one = session("s")
      const running = yield* Effect.forkChild(agents.run(one))
      yield* begun.await
      assert.strictEqual((yield* agents.status(one.session)).status, "running")
      yield* agents.cancel(one.session)
      assert.isTrue(interrupted.isOpen())
      assert.strictEqual((yield* agents.status(one.session)).status, "cancelled")
      assert.strictEqual((yield* Fiber.join(running)).exit_code, 130)
      assert.strictEqual((yield* Effect.flip(agents.cancel(one.session)))._tag, "SessionNotFound")
      assert.strictEqual((yield* Effect.flip(agents.status(SessionId.make("other"))))._tag, "SessionNotFound")
    }).pipe(Effect.provide(AgentSessionsMemory.layer(script)))
  })

  it.effect("interrupting cancels too; whether it can resume is the test's to say", () => {
    const { begun, interrupted, script } = endless()
    return Effect.gen(function*() {
      const agents = yield* AgentSessions
      const one = session("s")
      const running = yield* Effect.forkChild(agents.run(one))
      yield* begun.await
      yield* Fiber.interrupt(running)
      assert.isTrue(interrupted.isOpen())
      assert.strictEqual((yield* agents.status(one.session)).status, "cancelled")
      assert.isTrue(yield* agents.canResume("exec"))
    }).pipe(Effect.provide(AgentSessionsMemory.layer(script, { canResume: true })))
  })
})
