/** What a person sends a run back with: a rejected gate, and a retry of what came to a stop. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { agent, command, deciding, dispatch, manual, response, run, workflow, World } from "./World.ts"

const attempts = (world: World, phase: string) =>
  world.events.flatMap((event) => event._tag === "PhaseStarted" && event.phase === phase ? [event] : [])

const completions = (world: World) =>
  world.events.flatMap((event) => event._tag === "PhaseCompleted" ? [`${event.phase} ${event.attempt}`] : [])

const eventOf = <Tag extends RunEvent["_tag"]>(world: World, tag: Tag) =>
  world.events.find((event): event is Extract<RunEvent, { readonly _tag: Tag }> => event._tag === tag)

describe("a rejected gate that names a phase", () => {
  const gated = Effect.gen(function*() {
    const world = new World()
    world.definition = workflow(agent("implement", { max_rework_attempts: 0 }), command("test"), manual("review"))
    const { engine, scope } = yield* world.boot
    yield* engine.start(run, dispatch)
    assert.strictEqual((yield* engine.settled(run)).status, "waiting")
    return { world, engine, scope }
  })

  it.effect("is answered for the attempt that was looked at, or not at all", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* gated
      yield* engine.reject({ run, phase: "review", attempt: 1, to: "implement" })
      assert.strictEqual((yield* engine.settled(run)).status, "waiting")
      const before = world.events.length
      for (const answer of [engine.approve, engine.reject]) {
        const refused = yield* Effect.flip(answer({ run, phase: "review", attempt: 1 }))
        assert.include(refused.message, `Gate "review" asks about attempt 2 now, not 1. Look again`)
        assert.strictEqual("category" in refused ? refused.category : undefined, "conflict")
      }
      assert.strictEqual(world.events.length, before)
      yield* engine.approve({ run, phase: "review", attempt: 2 })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  it.effect("sends the run back there with the note, as often as it takes, whatever the budget", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* gated
      for (const note of ["wrong file", "still wrong"]) {
        yield* engine.reject({ run, phase: "review", note, to: "Implement" })
        assert.strictEqual((yield* engine.settled(run)).status, "waiting")
        assert.include(world.sessions.at(-1)?.request.prompt, note)
      }
      yield* engine.approve({ run, phase: "review" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(completions(world), [
        "implement 1",
        "test 1",
        "implement 2",
        "test 2",
        "implement 3",
        "test 3",
        "review 3"
      ])
      assert.deepStrictEqual((yield* engine.get(run)).reworks, { implement: 0 })
    }))

  it.effect("refuses a phase that is not there, and one that comes later, and waits on", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(manual("review"), agent("implement"))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      const unknown = yield* Effect.flip(engine.reject({ run, phase: "review", to: "nope" }))
      assert.include(unknown.message, "Its phases: review, implement")
      const later = yield* Effect.flip(engine.reject({ run, phase: "review", to: "implement" }))
      assert.include(later.message, "can only be sent back")
      assert.strictEqual((yield* engine.settled(run)).status, "waiting")
      yield* engine.reject({ run, phase: "review", to: "review", note: "look again" })
      assert.include((yield* engine.settled(run)).reason ?? "", "look again")
    }))

  it.effect("is sent back by the next daemon when the first died right after the word", () =>
    Effect.gen(function*() {
      const { engine, scope, world } = yield* gated
      world.agents = () => Effect.never
      yield* engine.reject({ run, phase: "review", note: "wrong file", to: "implement" })
      yield* Scope.close(scope, Exit.void)
      world.agents = () => Effect.succeed(response("done"))
      const second = yield* world.boot
      yield* second.engine.recover
      yield* second.engine.settled(run)
      const [back] = attempts(world, "implement").slice(1)
      assert.include(back?.failure_context ?? "", "wrong file")
    }))
})

describe("retry", () => {
  const failing = Effect.gen(function*() {
    const world = new World()
    world.definition = workflow(agent("implement"), agent("document"))
    world.agents = (_, call) => Effect.succeed(response("done", call === 2 ? { exit_code: 3 } : {}))
    const { engine } = yield* world.boot
    yield* engine.start(run, dispatch)
    assert.strictEqual((yield* engine.settled(run)).status, "failed")
    return { world, engine }
  })

  it.effect("a failed run goes on where it stopped, and is told why it had stopped", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* failing
      yield* engine.retry(run, {})
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "completed")
      assert.include(attempts(world, "document")[1]?.failure_context ?? "", "exit code 3")
      assert.deepStrictEqual(completions(world), ["implement 1", "document 2"])
    }))

  it.effect("from an earlier phase no attempt has a number that was used before", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* failing
      yield* engine.retry(run, { from: "IMPLEMENT", note: "use the other file" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(attempts(world, "implement")[1]?.failure_context, "use the other file")
      assert.deepStrictEqual(completions(world), ["implement 1", "implement 2", "document 2"])
      assert.strictEqual(eventOf(world, "RunRetried")?.phase, "implement")
    }))

  it.effect("an escalated run goes on with a fresh budget", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement", { max_rework_attempts: 1 }))
      world.agents = (session, call) => Effect.succeed(deciding(session, { verdict: call < 4 ? "rework" : "advance" }))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "escalated")
      yield* engine.retry(run, { from: "implement" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual((yield* engine.get(run)).reworks, { implement: 1 })
    }))

  it.effect("a blocked run gives up the attempt it was blocked in", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("implement"), agent("deploy", { idempotency: "sideeffecting" }))
      world.agents = (_, call) => call === 2 ? Effect.never : Effect.succeed(response("done"))
      const first = yield* world.boot
      yield* first.engine.start(run, dispatch)
      while (world.sessions.length < 2) yield* Effect.yieldNow
      yield* Scope.close(first.scope, Exit.void)
      const { engine } = yield* world.boot
      yield* engine.recover
      assert.strictEqual((yield* engine.settled(run)).status, "blocked")
      yield* engine.retry(run, { from: "implement" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(completions(world), ["implement 1", "implement 2", "deploy 2"])
    }))

  it.effect("is refused with the state, and with what to type", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(manual("review"))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      assert.include((yield* Effect.flip(engine.retry(run, {}))).message, `animus workflow reject ${run} --to PHASE`)
      yield* engine.cancel(run, "enough")
      const refused = yield* Effect.flip(engine.retry(run, {}))
      assert.include(refused.message, `it is cancelled. Begin another run`)
      assert.include(refused.message, `animus workflow fork ${run} --from PHASE`)
    }))

  it.effect("is what a failed run is said to take, whatever else was asked of it", () =>
    Effect.gen(function*() {
      const { engine } = yield* failing
      const { message } = yield* Effect.flip(engine.resume(run, { force: false }))
      assert.include(message, `animus workflow journal ${run}. Once more: animus workflow retry ${run}`)
      yield* engine.retry(run, {})
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.notInclude((yield* Effect.flip(engine.resume(run, { force: false }))).message, "retry")
    }))

  it.effect("refuses a phase that the pinned workflow does not have", () =>
    Effect.gen(function*() {
      const { engine } = yield* failing
      const refused = yield* Effect.flip(engine.retry(run, { from: "nope" }))
      assert.include(refused.message, "Its phases: implement, document")
      assert.strictEqual((yield* engine.settled(run)).status, "failed")
    }))
})
