/** Questions that an agent asks a person: durable, shown, answered through the live session, and never left hanging. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Latch, Scope } from "effect"
import { runDetail } from "../../src/run/RunView.ts"
import { agent, dispatch, output, response, run, workflow, World } from "./World.ts"

const question = (interaction_id: string, kind = "question") => ({
  _tag: "InteractionRequested" as const,
  session_id: "own-1",
  interaction_id,
  kind,
  payload: kind === "approval" ? { action: "write", tool_name: "deploy" } : { question: `which ${interaction_id}?` }
})

/** An agent that asks, waits for one answer, and is done. */
const asking = Effect.fnUntraced(function*(...questions: ReadonlyArray<ReturnType<typeof question>>) {
  const world = new World()
  world.definition = workflow(agent("implement"))
  world.agents = (session) =>
    Effect.gen(function*() {
      yield* session.onEvents(questions)
      yield* world.answered.await
      return response("done")
    })
  const { engine, scope } = yield* world.boot
  yield* engine.start(run, dispatch)
  while (world.head?.status !== "waiting") yield* Effect.yieldNow
  return { world, engine, scope }
})

describe("a question of an agent", () => {
  it.effect("is durable and shown, and its answer is in the journal before the agent has it", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asking(question("q1", "approval"))
      const detail = runDetail(yield* engine.get(run))
      assert.strictEqual(detail.state, "waiting")
      assert.strictEqual(detail.waits_for, "an answer to its agent: write deploy")
      assert.strictEqual(detail.next, `animus workflow answer ${run} --allow`)
      assert.deepInclude(detail.questions[0], { interaction: "q1", kind: "approval", summary: "write deploy" })
      yield* engine.respond({ run, response: { decision: "allow" } })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const lines = world.log.filter((line) => /interaction|Interaction|respond/.test(line))
      assert.deepStrictEqual(lines, [
        "append InteractionRequested",
        "publish interaction_requested",
        "append InteractionAnswered",
        "publish interaction_answered",
        "respond q1 {\"decision\":\"allow\"}"
      ])
    }))

  it.effect("has to be named where there are several, and the run waits for the last", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session) => Effect.andThen(session.onEvents([question("q1"), question("q2")]), Effect.never)
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      while (world.tags.length < 4) yield* Effect.yieldNow
      const unclear = yield* Effect.flip(engine.respond({ run, response: { answer: "a" } }))
      assert.include(unclear.message, "q1 (which q1?), q2 (which q2?)")
      yield* engine.respond({ run, interaction: "q1", response: { answer: "a" } })
      assert.deepStrictEqual((yield* engine.get(run)).interactions?.map(({ interaction }) => interaction), ["q2"])
      assert.strictEqual(world.head?.status, "waiting")
      yield* engine.respond({ run, response: { answer: "b" } })
      assert.strictEqual(world.head?.status, "running")
    }))

  it.effect("is refused where there is none, with what the run is doing", () =>
    Effect.gen(function*() {
      const { engine } = yield* asking(question("q1"))
      yield* engine.respond({ run, response: { answer: "a" } })
      yield* engine.settled(run)
      const refused = yield* Effect.flip(engine.respond({ run, response: { answer: "a" } }))
      assert.include(refused.message, `cannot answer run ${run}: it is completed`)
    }))

  it.effect("keeps nothing of an answer that cannot be delivered at all", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asking(question("q1"))
      world.answerable = false
      const refused = yield* Effect.flip(engine.respond({ run, response: { answer: "a" } }))
      assert.strictEqual(refused._tag, "SessionNotFound")
      assert.notInclude(world.tags, "InteractionAnswered")
      assert.strictEqual(world.head?.status, "waiting")
    }))

  it.effect("says so when the agent does not take the answer any more", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asking(question("q1"))
      world.accepts = false
      const refused = yield* Effect.flip(engine.respond({ run, response: { answer: "a" } }))
      assert.include(refused.message, "does not take an answer to question q1 any more")
      const last = world.events.find((event) => event._tag === "InteractionWithdrawn")
      assert.include(last?.reason ?? "", "the answer did not arrive")
    }))

  it.effect("is withdrawn with the reason when its attempt ends without an answer", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asking(question("q1"), question("q2"))
      yield* world.answered.open
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const withdrawn = world.events.flatMap((event) => event._tag === "InteractionWithdrawn" ? [event] : [])
      assert.deepStrictEqual(withdrawn.map(({ interaction, open }) => [interaction, open]), [["q1", 1], ["q2", 0]])
    }))

  it.effect("is withdrawn by the next daemon, whose session asks again and gets its answer", () =>
    Effect.gen(function*() {
      const { scope, world } = yield* asking(question("q1"))
      yield* Scope.close(scope, Exit.void)
      assert.notInclude(world.tags, "InteractionWithdrawn", "a shutdown writes nothing")
      world.resumable = true
      world.records.forEach((record, phase) => world.records.set(phase, { ...record, provider_session_id: "own-1" }))
      const { engine } = yield* world.boot
      yield* engine.recover
      while ((world.head?.sequence ?? 0) < 1 || world.tags.filter((tag) => tag === "InteractionRequested").length < 2) {
        yield* Effect.yieldNow
      }
      const withdrawn = world.events.find((event) => event._tag === "InteractionWithdrawn")
      assert.include(withdrawn?.reason ?? "", "the daemon that its agent asked has ended")
      assert.strictEqual(world.head?.status, "waiting")
      yield* engine.respond({ run, response: { answer: "again" } })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  /** Asks while its run is paused. */
  const askingPaused = Effect.fnUntraced(function*() {
    const world = new World()
    const paused = Latch.makeUnsafe(false)
    world.agents = (session) =>
      Effect.gen(function*() {
        yield* output(session, "…")
        yield* paused.await
        yield* session.onEvents([question("q1")])
        yield* world.answered.await
        return response("done")
      })
    const { engine, scope } = yield* world.boot
    yield* engine.start(run, dispatch)
    yield* world.launched.await
    yield* engine.pause(run, "lunch")
    yield* paused.open
    while (!world.tags.includes("InteractionRequested")) yield* Effect.yieldNow
    assert.deepInclude(world.head, { status: "paused", reason: "lunch" })
    return { engine, scope, world }
  })

  it.effect("does not lift a pause, and a cancel ends it", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* askingPaused()
      yield* engine.cancel(run, "enough")
      assert.deepStrictEqual(world.tags.slice(-3), ["CancelRequested", "InteractionWithdrawn", "RunCancelled"])
    }))

  it.effect("is waited for once its run is resumed, unless it was answered meanwhile", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* askingPaused()
      yield* engine.resume(run, { force: false })
      assert.deepInclude(world.head, { status: "waiting", reason: "which q1?" })
      assert.deepStrictEqual(yield* engine.atWork, [])
      yield* engine.respond({ run, response: { answer: "a" } })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")

      const other = yield* askingPaused()
      yield* other.engine.respond({ run, response: { answer: "a" } })
      assert.deepInclude(other.world.head, { status: "paused", reason: "lunch" })
      yield* other.engine.resume(run, { force: false })
      assert.strictEqual((yield* other.engine.settled(run)).status, "completed")
    }))

  it.effect("is withdrawn by the next daemon also where its run stays paused", () =>
    Effect.gen(function*() {
      const { scope, world } = yield* askingPaused()
      yield* Scope.close(scope, Exit.void)
      const { engine } = yield* world.boot
      yield* engine.recover
      assert.deepStrictEqual((yield* engine.get(run)).interactions, [])
      assert.deepInclude(world.head, { status: "paused", reason: "lunch" })
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "blocked")
    }))
})
