/** Secrets: named in definitions, put in when a process is started, and nowhere else to be found. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Result, Schema } from "effect"
import * as fc from "fast-check"
import { SessionId } from "../../schemas/Ids.ts"
import { AgentRunRequest } from "../../schemas/Provider.ts"
import { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { requestFor } from "../../src/agent/ProviderRequest.ts"
import { interpolate, pin, putSecrets } from "../../src/workflow/Interpolate.ts"
import { resolveArgs, resolveEnv, secretHider } from "../../src/workflow/ResolveEnv.ts"
import { problems, succeed } from "./Compiled.ts"

const file = (more: string, secrets = "api: { env: API_TOKEN }, maybe: { env: MAYBE, required: false }") => `
secrets: { ${secrets} }
agents:
  coder:
    launch:
      command: agent
      args: ["--key=\${secret.api}", "\${HOME}", "$\${secret.api}"]
      resume_args: ["--key", "\${secret.api}"]
      env: { KEY: "\${secret.api}", LIT: "$$x" }
phases:
  a: { mode: agent, agent: coder }
  b: { mode: command, command: { program: npm, args: ["\${secret.api}:\${secret.maybe}", "$5"], env: { T: "\${secret.api}" } } }
  ${more}
workflows: [{ id: w, phases: [a, b] }]
`
const env = { API_TOKEN: "s3cret$$value", HOME: "/h" }
const environment = Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))

describe("a secret in a definition", () => {
  const { warnings, workflows } = succeed(file(""), env)
  const [definition] = workflows
  const [agent, command] = definition?.phases ?? []

  it("stays a name, with the variable it comes from", () => {
    assert.deepStrictEqual(warnings, [])
    assert.notInclude(JSON.stringify(workflows), "s3cret")
    if (agent?.mode !== "agent" || command?.mode !== "command") return assert.fail("other phases")
    assert.deepStrictEqual(agent.launch?.secrets, { api: { env: "API_TOKEN", required: true } })
    assert.deepStrictEqual(command.args, ["${secret.api}:${secret.maybe}", "$5"])
    assert.deepStrictEqual(command.secrets?.["maybe"], { env: "MAYBE", required: false })
    const pinned = Schema.encodeSync(WorkflowDefinition)(definition ?? assert.fail("no definition"))
    assert.deepStrictEqual(Schema.decodeUnknownSync(WorkflowDefinition)(pinned), definition)
  })

  it.effect("is put in for a command", () =>
    Effect.gen(function*() {
      if (command?.mode !== "command") return assert.fail("another phase")
      assert.deepStrictEqual(yield* resolveArgs(command.args, command.secrets), ["s3cret$$value:", "$5"])
      assert.deepStrictEqual(yield* resolveEnv(command.env, command.secrets), { T: "s3cret$$value" })
      const hide = yield* secretHider(command.secrets)
      assert.strictEqual(hide("it said s3cret$$value!"), "it said [secret]!")
    }).pipe(environment))

  it.effect("is put in for a provider, and not into the request that is recorded", () =>
    Effect.gen(function*() {
      if (agent?.mode !== "agent" || agent.launch === undefined) return assert.fail("another phase")
      const request = Schema.decodeUnknownSync(AgentRunRequest)({
        prompt: "p",
        cwd: "/",
        runtime_contract: { cli: { launch: agent.launch } }
      })
      const session = SessionId.make("s")
      const sent = yield* requestFor({ request, session, tool: "exec", onEvents: () => Effect.void })
      assert.deepStrictEqual(sent.runtime_contract, {
        cli: {
          launch: {
            command: "agent",
            prompt: "stdin",
            args: ["--key=s3cret$$value", "/h", "${secret.api}"],
            resume_args: ["--key", "s3cret$$value"],
            env: { KEY: "s3cret$$value", LIT: "$x" }
          }
        }
      })
      assert.notInclude(JSON.stringify(request), "s3cret")
    }).pipe(environment))

  it.effect("that has gone since is named, without a value", () =>
    Effect.gen(function*() {
      const sources = { api: { env: "GONE", required: true } }
      assert.include(
        (yield* Effect.flip(resolveEnv({ A: "${secret.api}" }, sources))).message,
        "secret api has no value"
      )
      assert.include((yield* Effect.flip(resolveArgs(["${secret.api}"], sources))).message, "secret api has no value")
      // A definition of an older release: nothing in its arguments was ever a secret.
      assert.deepStrictEqual(yield* resolveArgs(["${secret.api}", "$$"]), ["${secret.api}", "$$"])
    }).pipe(environment))
})

describe("a secret in a file", () => {
  it("is refused where it would be kept, where it is unknown, and where it has no value", () => {
    const found = problems(
      file(
        "c: { mode: agent, agent: coder, directive: 'use ${secret.api}' }\n  d: { mode: command, command: { program: npm, args: ['${secret.apy}'] } }"
      ),
      { HOME: "/h" }
    ).map((line) => line.replace(/^w\.yaml:/, ""))
    assert.deepStrictEqual(found, [
      "7:14: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "8:30: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "9:19: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "12:55: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "12:105: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "13:46: secret \"api\" would be kept here (a secret is referred to in env and in args only)",
      "13:46: secret \"api\" has no value: environment variable API_TOKEN is not set (set it, or say required: false)",
      "14:55: no secret is named \"apy\" (did you mean \"api\"?)"
    ])
  })
})

describe("a pinned text", () => {
  it("comes to what it would have come to at once, whatever stands in it", () => {
    const piece = fc.constantFrom("$", "$$", "${secret.a}", "${V}", "{secret.a}", "${secret.", "x", "}", "${V:-$}")
    const values = fc.constantFrom("", "$", "${secret.a}", "$$", "v")
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), values, values, (pieces, v, secret) => {
        const source = pieces.join("")
        const lookup = (name: string) => name === "V" ? v : undefined
        const secrets = (name: string) => name === "a" ? secret : undefined
        const pinned = pin(source, lookup)
        const once = Result.flatMap(pinned, (text) => putSecrets(text, secrets))
        assert.deepStrictEqual(once, interpolate(source, lookup, secrets))
      }),
      { numRuns: 10_000 }
    )
  }, 300_000)
})
