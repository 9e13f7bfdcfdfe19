/** The variables that a run is begun with. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { dispatch, run, World } from "./World.ts"

describe("a run", () => {
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
