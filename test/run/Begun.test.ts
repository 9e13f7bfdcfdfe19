/** What an operator gives a run at its beginning: variables, and what its agents work with. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { agent, command, dispatch, run, workflow, World } from "./World.ts"

describe("a run", () => {
  it.effect("has its agents work with the tool and the model that an operator names for it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.definition = workflow(agent("plan", { model: "gpt-5", tool: "codex" }), command("test"))
      const { engine } = yield* world.boot
      yield* engine.start(run, { ...dispatch, override: { model: "claude-opus-4" } })
      const [plan, test] = (yield* engine.get(run)).definition.phases
      assert.deepInclude(plan, { model: "claude-opus-4", tool: "claude" })
      assert.notProperty(test, "model")
      yield* engine.settled(run)
      assert.strictEqual(world.sessions[0]?.request.model, "claude-opus-4")
    }))

  it.effect("refuses a variable that the workflow does not know, and tells which it does", () =>
    Effect.gen(function*() {
      const world = new World()
      const { engine } = yield* world.boot
      const start = (vars: Record<string, string>) => Effect.flip(engine.start(run, { ...dispatch, vars }))
      assert.include((yield* start({ x: "1" })).message, "has no variable x (it declares none)")
      world.definition = { ...world.definition, variables: [{ name: "area", required: false }] }
      const error = yield* start({ arae: "lib", area: "src" })
      assert.strictEqual(error._tag, "InvalidInput")
      assert.include(error.message, "has no variable arae (declared: area)")
    }))
})
