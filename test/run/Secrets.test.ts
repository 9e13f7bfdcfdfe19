/** What an agent was given must not be told, whatever it says and however it ends. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import { settle } from "./Settle.ts"
import { agent, output, response, run, workflow, World } from "./World.ts"

describe("a secret", () => {
  it.effect("is named to whoever starts the agent, and stands in nothing that is kept or told", () =>
    Effect.gen(function*() {
      const world = new World()
      const launch = {
        command: "coder",
        args: ["--key=${secret.key}"],
        env: {},
        prompt: "stdin" as const,
        secrets: { key: { env: "CODER_KEY", required: true } }
      }
      world.definition = workflow(agent("implement", { launch }))
      const question = {
        _tag: "InteractionRequested" as const,
        session_id: "own-1",
        interaction_id: "q",
        kind: "approval",
        payload: { arguments: ["-H", "s3cret-value"] }
      }
      world.agents = (session, call) =>
        Effect.andThen(
          Effect.andThen(output(session, "the key is s3cret-value"), session.onEvents([question])),
          Effect.succeed(
            call === 1
              ? response("it was s3cret-value", { exit_code: 1, errors: ["rate limit exceeded for s3cret-value"] })
              : response("it was s3cret-value")
          )
        )
      const { engine, head } = yield* settle(world)
      assert.include(head.reason, "rate limit exceeded for [secret]")
      yield* engine.resume(run, { force: false })
      yield* engine.settled(run)
      const refusing = new World()
      refusing.definition = world.definition
      refusing.agents = () =>
        Effect.fail(
          new PluginRefused({
            plugin: "exec",
            method: "agent/run",
            code: -32603,
            detail: "--key=s3cret-value is wrong"
          })
        )
      assert.include((yield* settle(refusing)).head.reason, "--key=[secret] is wrong")
      const kept = JSON.stringify([world, refusing].map(({ agentOutput, journal, records, transcript }) => [
        journal,
        [...records],
        transcript,
        agentOutput
      ]))
      assert.notInclude(kept, "s3cret-value")
      assert.include(kept, "the key is [secret]")
      assert.include(kept, "--key=${secret.key}")
    }).pipe(
      Effect.provide(
        Layer.succeed(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ CODER_KEY: "s3cret-value" }))
      )
    ))
})
