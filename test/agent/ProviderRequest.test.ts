/** What a provider is sent for a session, at the last moment. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { SessionId } from "../../schemas/Ids.ts"
import { requestFor } from "../../src/agent/ProviderRequest.ts"

describe("servers of tools", () => {
  it.effect("are sent with the values of what they refer to, and without where those came from", () =>
    Effect.gen(function*() {
      const mcp_servers = {
        files: {
          command: "npx",
          args: ["${secret.token}"],
          env: { T: "${secret.token}", A: "${API_TOKEN}" },
          secrets: { token: { env: "API_TOKEN", required: true } }
        },
        web: { url: "http://127.0.0.1:1" }
      }
      const request = { prompt: "p", cwd: "/w", env: {}, mcp_servers }
      const session = { session: SessionId.make("s"), tool: "exec", request, onEvents: () => Effect.void }
      const sent = yield* requestFor(session)
      assert.deepStrictEqual(sent.mcp_servers, {
        files: { command: "npx", args: ["s3cret"], env: { T: "s3cret", A: "s3cret" } },
        web: { url: "http://127.0.0.1:1" }
      })
    }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { API_TOKEN: "s3cret" } })))))
})
