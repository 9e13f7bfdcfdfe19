/** What a real plugin process sees of the machine. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { withPlugins } from "./Workshop.ts"

const Shown = Schema.Struct({
  env: Schema.Record(Schema.String, Schema.String),
  cwd: Schema.String,
  args: Schema.Array(Schema.String)
})

it.live("a plugin's environment is the short list, what its manifest asks for, and our mark", () =>
  Effect.gen(function*() {
    const { left } = yield* withPlugins(
      { fixture: "shows-environment" },
      (host, { cookie, root }) =>
        Effect.gen(function*() {
          const shown = yield* host.call("fixture", "show", {}, { timeout: 10_000 })
          const { args, cwd, env } = yield* Schema.decodeUnknownEffect(Shown)(shown)
          assert.deepStrictEqual(Object.keys(env).toSorted(), [
            "ANIMUS_COOKIE",
            "ANIMUS_GENERATION",
            "ANIMUS_PLUGIN",
            "DEMO_TOKEN",
            "HOME",
            "PATH",
            "PYTHONDONTWRITEBYTECODE"
          ])
          assert.strictEqual(env["ANIMUS_COOKIE"], cookie)
          assert.strictEqual(env["DEMO_TOKEN"], "s3cret")
          assert.strictEqual(cwd, root)
          assert.deepStrictEqual(args, [])
        }),
      {
        env: { HOME: "/nowhere", DEMO_TOKEN: "s3cret", OTHER_TOKEN: "not yours" },
        manifest: {
          env_required: [
            { name: "DEMO_TOKEN", sensitive: true, required: true },
            { name: "MISSING_TOKEN", sensitive: true, required: true }
          ]
        }
      }
    )
    assert.deepStrictEqual(left, [])
  }))
