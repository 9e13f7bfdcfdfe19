/** Keys of the language that are easily overlooked, each with what it comes to. */
import { assert, describe, it } from "@effect/vitest"
import { problems, small, succeed } from "./Compiled.ts"

const phaseOf = (text: string) => succeed(small(text)).workflows[0]?.phases[0]

describe("a command", () => {
  it("says how sure its verdict is, which lines tell what failed, and what its output holds", () => {
    const command = "program: npm, category: deploy, failure_pattern: '^E:', confidence: 0.4, failure_risk: high, " +
      "expected_result_kind: report, expected_schema: { type: object, required: [size] }"
    const phase = phaseOf(`mode: command, command: { ${command} }`)
    assert.deepInclude(phase, {
      category: "deploy",
      failure_pattern: "^E:",
      confidence: 0.4,
      failure_risk: "high",
      output: {
        kind: "report",
        json_schemas: [
          { type: "object", properties: {}, required: ["kind"] },
          { type: "object", required: ["size"] }
        ]
      }
    })
    assert.deepStrictEqual(succeed(small(`mode: command, command: { ${command} }`)).warnings, [])
  })

  it.each([
    ["failure_pattern: '('", "failure_pattern is not a regular expression"],
    ["expected_schema: { type: text }", "command.expected_schema cannot be enforced"],
    ["confidence: 2", "command.confidence should be a number from 0 to 1"]
  ])(
    "is refused with %s",
    (key, expected) =>
      assert.include(problems(small(`mode: command, command: { program: npm, ${key} }`)).join("\n"), expected)
  )
})

describe("waiting for no time at all", () => {
  it("can be said", () => {
    const backoff = "retry: { backoff: { initial_secs: 0, max_secs: 0 } }"
    assert.deepInclude(phaseOf(`mode: manual, manual: { instructions: x }, ${backoff}`), {
      backoff: { initial_secs: 0, factor: 1, max_secs: 0 }
    })
    const trigger =
      "triggers: [{ id: t, type: file_watcher, workflow_ref: w, config: { paths: [x], debounce_secs: 0 } }]"
    assert.lengthOf(succeed(small("mode: manual, manual: { instructions: x }", "it", trigger)).triggers, 1)
  })
})

describe("an agent phase that names no agent", () => {
  it("works with the tool that it names, or that follows from its model", () => {
    assert.deepInclude(phaseOf("mode: agent, runtime: { tool: exec, timeout_secs: 7 }"), {
      agent: "it",
      tool: "exec",
      timeout_secs: 7
    })
    assert.deepInclude(phaseOf("mode: agent, runtime: { model: gpt-5 }"), { tool: "codex", model: "gpt-5" })
  })

  it("is refused where nothing says with what", () => {
    const said = problems(small("mode: agent, runtime: { model: unheard-of }")).join("\n")
    assert.include(said, "a phase of mode agent names its agent (or what it works with: runtime: { tool: <provider> })")
  })
})

describe("servers of tools", () => {
  const project = (servers: string, agent = "", more = "") => `
mcp_servers: { ${servers} }
secrets: { token: { env: T } }
agents: { coder: { tool: exec${agent} } }
phases: { it: { mode: agent, agent: coder }, other: { mode: agent, agent: coder } }
workflows: [{ id: w, phases: [it, other] }]
${more}`
  const files = "files: { command: npx, args: [fs, '${secret.token}'], env: { ROOT: '${ROOT}' } }"

  it("are told to phases of the agent that names them, and to those that they are bound to", () => {
    const text = project(
      `${files}, web: { url: "http://127.0.0.1:1", transport: http }`,
      ", mcp_servers: [Files]",
      "phase_mcp_bindings: { It: { servers: [web] } }"
    )
    const { executes, warnings, workflows: [workflow] } = succeed(text, { T: "s", ROOT: "/r" })
    const [it, other] = (workflow?.phases ?? []).map((phase) => phase.mode === "agent" ? phase.mcp_servers : undefined)
    const told = {
      command: "npx",
      args: ["fs", "${secret.token}"],
      env: { ROOT: "${ROOT}" },
      secrets: { token: { env: "T", required: true } }
    }
    assert.deepStrictEqual(it, { files: told, web: { url: "http://127.0.0.1:1", transport: "http" } })
    assert.deepStrictEqual(other, { files: told })
    assert.deepStrictEqual([warnings, executes], [[], true])
  })

  it.each([
    ["web: { transport: http }", "", "", "mcp server \"web\" of transport http has no url"],
    ["web: { args: [x] }", "", "", "mcp server \"web\" has no command"],
    ["web: { command: x }", ", mcp_servers: [wbe]", "", "no mcp server is named \"wbe\" (did you mean \"web\"?)"],
    ["web: { command: x }", "", "phase_mcp_bindings: { it: { servers: [no] } }", "no mcp server is named \"no\""]
  ])(
    "%s is refused where something is missing",
    (servers, agent, more, expected) => assert.include(problems(project(servers, agent, more)).join("\n"), expected)
  )
})
