/** Sessions of a provider that names them by ids of its own only, and is asked for several at once. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SessionId } from "../../schemas/Ids.ts"
import { type AgentSession, AgentSessions } from "../../src/agent/AgentSessions.ts"
import { HostDouble } from "./HostDouble.ts"

const plugin = "animus-provider-exec"
const answer = { session_id: "own", exit_code: 0, output: "done", duration_ms: 1, backend: "exec" }
const said = (session_id: string) => ["agent/output", { session_id, text: session_id }] as const

/** Asked for `first`, it says a word at once; for any other it waits until it is let go. */
const world = () => {
  const release = Latch.makeUnsafe(false)
  const heard: Array<readonly [session: string, text: string]> = []
  const host = new HostDouble({ [plugin]: ["agent/run", "agent/cancel"] }, ({ method }, host) => {
    if (method === "agent/cancel") return Effect.succeed({ session_id: "x", cancelled: true })
    const speaks = host.calls.length === 1 ? host.emit(plugin, said("own-first")) : release.await
    return Effect.as(speaks, answer)
  })
  const session = (name: string): AgentSession => ({
    session: SessionId.make(name),
    tool: "exec",
    request: { prompt: "p", cwd: "/w", env: {} },
    onEvents: (events) =>
      Effect.sync(() =>
        heard.push(...events.map((event) => [name, event._tag === "Output" ? event.text : ""] as const))
      )
  })
  return { heard, host, release, session, layer: AgentSessions.layer.pipe(Layer.provide(host.layer)) }
}

it.effect("each begins once the one before it has said whose word is whose", () => {
  const { heard, host, layer, release, session } = world()
  return Effect.gen(function*() {
    const agents = yield* AgentSessions
    yield* agents.run(session("first"))
    const both = yield* Effect.forkChild(
      Effect.all([agents.run(session("a")), agents.run(session("b"))], { concurrency: 2 })
    )
    yield* TestClock.adjust("1 second")
    assert.strictEqual(host.calls.length, 2)
    yield* host.emit(plugin, said("own-a"))
    yield* TestClock.adjust("1 second")
    assert.strictEqual(host.calls.length, 3)
    yield* host.emit(plugin, said("own-b"))
    yield* release.open
    yield* Fiber.join(both)
    assert.deepStrictEqual(heard, [["first", "own-first"], ["a", "own-a"], ["b", "own-b"]])
  }).pipe(Effect.provide(layer))
})

it.effect("one that waits is cancelled without a word to the provider, and nothing else is ended", () => {
  const { host, layer, release, session } = world()
  return Effect.gen(function*() {
    const agents = yield* AgentSessions
    yield* agents.run(session("first"))
    const a = yield* Effect.forkChild(agents.run(session("a")))
    yield* TestClock.adjust("1 second")
    const b = yield* Effect.forkChild(agents.run(session("b")))
    yield* TestClock.adjust("1 second")
    yield* agents.cancel(SessionId.make("b"))
    assert.deepInclude(yield* Fiber.join(b), { exit_code: 130, errors: ["it was cancelled before it began"] })
    assert.strictEqual((yield* agents.status(SessionId.make("b"))).status, "cancelled")
    yield* release.open
    assert.deepInclude(yield* Fiber.join(a), { exit_code: 0 })
    assert.deepStrictEqual([host.methods, host.restarted], [["agent/run", "agent/run"], []])
  }).pipe(Effect.provide(layer))
})
