/** What holds capacity, with the engine itself below the scheduler: everything that is at work, and nothing that waits. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Latch, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as Test from "../../layers/Test.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { AgentSession } from "../../src/agent/AgentSessions.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import * as Runs from "../run/World.ts"

/** As many as the daemon of doubles has places. */
const names = ["one", "two", "three", "four"] as const
type Name = typeof names[number] | "late"

/** Agents that work until the test lets them go; one that `asks` has a question first. */
class Agents {
  readonly begun = new Map<string, Latch.Latch>()
  readonly free = new Map<string, Latch.Latch>()
  asks: Name | undefined

  static latch(latches: Map<string, Latch.Latch>, name: Name) {
    const latch = latches.get(name) ?? Latch.makeUnsafe(false)
    latches.set(name, latch)
    return latch
  }

  readonly perform = (session: AgentSession) => {
    const name = [...names, "late" as const].find((one) => session.request.prompt.includes(`<${one}>`)) ?? assert.fail()
    const question = {
      _tag: "InteractionRequested" as const,
      session_id: "own",
      interaction_id: "q",
      kind: "question",
      payload: { question: "which?" }
    }
    return Effect.gen({ self: this }, function*() {
      if (this.asks === name) yield* session.onEvents([question])
      yield* Agents.latch(this.begun, name).open
      yield* Agents.latch(this.free, name).await
      return "done"
    })
  }

  readonly began = (name: Name) => Agents.latch(this.begun, name).await
  readonly release = (name: Name) => Agents.latch(this.free, name).open

  get layer() {
    const definition = Runs.workflow(Runs.agent("implement", { idempotency: "idempotent" }))
    return Test.layerOver({ workflows: [definition], agent: this.perform })
  }
}

const workOn = (name: Name): SubjectDispatch => ({
  ...Runs.dispatch,
  subject: { kind: "custom", id: `custom:${name}`, title: `<${name}>`, labels: [], metadata: {} }
})

/** Every place is taken by a run that no queue knows. */
const fill = Effect.fnUntraced(function*(agents: Agents) {
  const scheduler = yield* Scheduler
  const runs: Array<RunId> = []
  for (const name of names) {
    runs.push((yield* scheduler.runNow(workOn(name))).run)
    yield* agents.began(name)
  }
  return runs
})

const enqueueLate = Effect.gen(function*() {
  yield* Scheduler.use(({ enqueue }) => enqueue(workOn("late"), 1))
  // Lets every fiber do what it can.
  yield* TestClock.adjust(0)
  const [entry] = yield* DispatchQueue.use(({ list }) => list)
  return entry?.state
})

const active = Effect.map(Scheduler.use(({ status }) => status), (status) => status.active)

describe("capacity", () => {
  it.effect("is held by what a new daemon takes up, which is in no queue", () =>
    Effect.gen(function*() {
      const store = yield* Effect.context<SessionStore>()
      const scope = yield* Scope.make()
      const before = new Agents()
      const first = yield* Layer.buildWithScope(before.layer.pipe(Layer.provide(Layer.succeedContext(store))), scope)
      yield* Effect.provideContext(fill(before), first)
      yield* Scope.close(scope, Exit.void)
      const agents = new Agents()
      yield* Effect.gen(function*() {
        yield* RunEngine.use(({ recover }) => recover)
        yield* Effect.forEach(names, agents.began)
        assert.deepStrictEqual([yield* enqueueLate, yield* active], ["pending", 4])
        yield* agents.release("two")
        yield* agents.began("late")
        assert.strictEqual(yield* active, 4)
      }).pipe(Effect.provide(agents.layer))
    }).pipe(Effect.provide(SessionStoreMemory.layer)))

  it.effect("is held by the attempt of a paused run, until that has ended", () => {
    const agents = new Agents()
    return Effect.gen(function*() {
      const engine = yield* RunEngine
      const [run = assert.fail()] = yield* fill(agents)
      yield* engine.pause(run, "lunch")
      assert.deepStrictEqual([yield* enqueueLate, yield* active], ["pending", 4])
      yield* agents.release("one")
      yield* agents.began("late")
      assert.deepStrictEqual([(yield* engine.get(run)).head.status, yield* active], ["paused", 4])
    }).pipe(Effect.provide(Layer.provide(agents.layer, SessionStoreMemory.layer)))
  })

  it.effect("is given up by a run whose agent asks somebody", () => {
    const agents = new Agents()
    agents.asks = "four"
    return Effect.gen(function*() {
      const engine = yield* RunEngine
      const run = (yield* fill(agents))[3] ?? assert.fail()
      yield* enqueueLate
      yield* agents.began("late")
      assert.deepStrictEqual([(yield* engine.get(run)).head.status, yield* active], ["waiting", 4])
      yield* engine.respond({ run, response: { answer: "this one" } })
      assert.strictEqual(yield* active, 5)
    }).pipe(Effect.provide(Layer.provide(agents.layer, SessionStoreMemory.layer)))
  })
})

describe("what the engine has at work", () => {
  const working = Effect.gen(function*() {
    const world = new Runs.World()
    const gate = yield* Latch.make(false)
    world.agents = () => Effect.as(gate.await, Runs.response("done"))
    const { engine } = yield* world.boot
    yield* engine.start(Runs.run, Runs.dispatch)
    yield* world.launched.await
    assert.deepStrictEqual(yield* engine.atWork, [Runs.run])
    return { world, gate, engine }
  })

  it.effect("is not a run that had to stop, though its journal says that it runs", () =>
    Effect.gen(function*() {
      const { engine, gate, world } = yield* working
      world.damaged = true
      yield* gate.open
      assert.strictEqual((yield* engine.settled(Runs.run)).status, "running")
      assert.deepStrictEqual(yield* engine.atWork, [])
      // A command reads the run again, and is refused: nothing is at work for it.
      world.damaged = false
      yield* Effect.flip(engine.approve({ run: Runs.run, phase: "implement" }))
      assert.deepStrictEqual(yield* engine.atWork, [])
    }))

  it.effect("is not a paused run that was cancelled over its attempt", () =>
    Effect.gen(function*() {
      const { engine } = yield* working
      yield* engine.pause(Runs.run, "lunch")
      assert.deepStrictEqual(yield* engine.atWork, [Runs.run])
      yield* engine.cancel(Runs.run, "enough")
      assert.deepStrictEqual(yield* engine.atWork, [])
    }))

  it.effect("is a run whose result waits for the store", () =>
    Effect.gen(function*() {
      const { engine, gate, world } = yield* working
      yield* engine.pause(Runs.run, "lunch")
      world.full = true
      yield* world.appendTried.close
      yield* gate.open
      yield* world.appendTried.await
      assert.deepStrictEqual(yield* engine.atWork, [Runs.run])
    }))
})
