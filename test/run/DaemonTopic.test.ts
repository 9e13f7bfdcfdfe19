/** What whoever watches the daemon hears of runs: the words of the control protocol, daemon events. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { deciding, dispatch, response, run, World } from "./World.ts"

const about = { task_id: dispatch.subject.id, changed_at: "1970-01-01T00:00:00.000Z" }
const taken = ["task-state-change", { ...about, from_status: null, to_status: "in-progress" }] as const
const facts = { workflow_id: run, task_id: dispatch.subject.id, phase_id: "implement" }

const heard = Effect.fnUntraced(function*(world: World) {
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  yield* engine.settled(run)
  return world.daemonEvents
})

describe("the daemon's topic", () => {
  it.effect("tells from where to where a task went", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.succeed(response("done"))
      assert.deepStrictEqual(yield* heard(world), [
        taken,
        ["task-state-change", { ...about, from_status: "in-progress", to_status: "done" }]
      ])
    }))

  it.effect("tells whose work waits for a person, and nothing of a task that could not be told", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = (session) => Effect.succeed(deciding(session, { verdict: "fail", reason: "cannot" }))
      const [first, second, third] = yield* heard(world)
      assert.deepStrictEqual(first, taken)
      assert.deepStrictEqual(second?.[0], "task-state-change")
      assert.deepInclude(third?.[1], facts)
      assert.strictEqual(third?.[0], "task-blocked")

      const deaf = new World()
      deaf.subjects.change = "fails"
      deaf.agents = () => Effect.succeed(response("done"))
      assert.deepStrictEqual(yield* heard(deaf), [])
    }))

  it.effect("tells whose work has failed", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.succeed(response("", { exit_code: 1, errors: ["no"] }))
      const failed = (yield* heard(world)).at(-1)
      assert.strictEqual(failed?.[0], "workflow-failed")
      assert.deepInclude(failed?.[1], facts)
    }))
})
