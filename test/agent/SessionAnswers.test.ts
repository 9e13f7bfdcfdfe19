import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { SessionId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { AgentSessions } from "../../src/agent/AgentSessions.ts"
import { HostDouble } from "./HostDouble.ts"

const plugin = "animus-provider-exec"
const able = { [plugin]: ["agent/run", "agent/respond", "provider_tool:exec"], "animus-provider-oai": ["agent/run"] }
const answer: Json = { session_id: "own-1", exit_code: 0, output: "done", duration_ms: 1, backend: "exec" }

describe("respond", () => {
  const asking = (tool: string, accepted: boolean) => {
    const begun = Latch.makeUnsafe(false)
    const over = Latch.makeUnsafe(false)
    const host = new HostDouble(able, ({ method }): Effect.Effect<Json, PluginError> =>
      method === "agent/respond"
        ? Effect.as(over.open, { accepted })
        : begun.open.pipe(Effect.andThen(over.await), Effect.as(answer)))
    const body = Effect.gen(function*() {
      const agents = yield* AgentSessions
      const running = yield* Effect.forkChild(agents.run({
        session: SessionId.make("s"),
        tool,
        request: { prompt: "p", cwd: "/w", env: {} },
        onEvents: () => Effect.void
      }))
      yield* begun.await
      return { agents, running, host, over }
    })
    return { body, layer: AgentSessions.layer.pipe(Layer.provide(host.layer)) }
  }

  it.effect.each([true, false])("reaches the process that owns the session, which says %s", (accepted) => {
    const { body, layer } = asking("exec", accepted)
    return Effect.gen(function*() {
      const { agents, host, running } = yield* body
      yield* agents.answerable(SessionId.make("s"))
      assert.strictEqual(yield* agents.respond(SessionId.make("s"), "q1", { decision: "allow" }), accepted)
      const call = host.calls.find(({ method }) => method === "agent/respond")
      assert.deepStrictEqual([call?.plugin, call?.params], [plugin, {
        interaction_id: "q1",
        session_id: "s",
        response: { decision: "allow" }
      }])
      yield* Fiber.join(running)
      const gone = yield* Effect.flip(agents.respond(SessionId.make("s"), "q1", { decision: "allow" }))
      assert.strictEqual(gone._tag, "SessionNotFound")
    }).pipe(Effect.provide(layer))
  })

  it.effect("is refused for a provider that takes no answers", () => {
    const { body, layer } = asking("oai", true)
    return Effect.gen(function*() {
      const { agents, over, running } = yield* body
      assert.strictEqual((yield* Effect.flip(agents.answerable(SessionId.make("s"))))._tag, "MethodNotSupported")
      yield* over.open
      yield* Fiber.join(running)
    }).pipe(Effect.provide(layer))
  })
})
