import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { agentRequest } from "../../src/run/AgentRequest.ts"
import { project } from "../../src/run/RunState.ts"
import { dispatch, run } from "../run/World.ts"
import { problems, small, succeed } from "./Compiled.ts"

const whole = `
models:
  smart: { model: claude-x }
  cheap: { model: gpt-5 }
agents:
  coder:
    models: [smart, cheap]
    tool_policy: { allow: ["Read", "mcp__*"], deny: ["Web*"] }
    reasoning_effort: high
    permission_mode: plan
  judge: { model: smart, system_prompt: be strict }
daemon:
  phase_routing: { routed: { model: cheap } }
phases:
  work:
    mode: agent
    agent: coder
    budget: { max_tokens: 1000, on_exceed: fail }
    worktree: skip
    retry: { max_attempts: 4, backoff: { initial_secs: 2, factor: 1.5, max_secs: 60 } }
    runtime: { fallback_models: [cheap, other], max_continuations: 1, retry_on: [transient], web_search: true, tool_profile: p }
    output_contract: { kind: k }
    evals:
      pass_threshold: 0.5
      on_fail: rework
      max_reworks: 2
      checks:
        - { id: t, kind: command, command: npm, args: [test] }
        - { id: j, kind: llm_judge, agent: judge, prompt: good? }
  routed: { mode: agent, agent: coder }
workflows:
  - id: w
    budget: { max_cost_usd: 2.5 }
    worktree: { mode: required, base_ref: main }
    phases: [work, { routed: { budget: { max_tokens: 5 } } }]
`
const { warnings, workflows } = succeed(whole)
const definition = workflows[0] ?? assert.fail("no workflow")
const [work, routed] = definition.phases

describe("what bounds and steers the work", () => {
  it("is compiled whole, with its defaults, and can be pinned", () => {
    assert.deepStrictEqual(warnings, [])
    assert.deepStrictEqual(definition.budget, { max_cost_usd: 2.5, on_exceed: "pause" })
    assert.deepStrictEqual(definition.worktree, { mode: "required", cleanup: true, base_ref: "main" })
    if (work.mode !== "agent" || routed?.mode !== "agent") return assert.fail("other phases")
    assert.deepStrictEqual(work.budget, { max_tokens: 1000, on_exceed: "fail" })
    assert.deepStrictEqual(work.worktree, { mode: "skip", cleanup: true })
    assert.deepStrictEqual([work.max_rework_attempts, work.backoff], [4, {
      initial_secs: 2,
      factor: 1.5,
      max_secs: 60
    }])
    assert.deepStrictEqual(work.tool_policy, { allow: ["Read", "mcp__*"], deny: ["Web*"] })
    assert.deepStrictEqual(JSON.parse(JSON.stringify(work.runtime)), {
      fallback_models: [{ model: "gpt-5" }, { model: "other" }],
      max_continuations: 1,
      retry_on: ["transient"],
      reasoning_effort: "high",
      permission_mode: "plan",
      web_search: true,
      tool_profile: "p"
    })
    assert.deepStrictEqual(work.evals?.checks.map((one) => one.kind === "command" ? one.expected_exit : one.tool), [
      0,
      "claude"
    ])
    assert.deepStrictEqual([work.tool, work.model], ["claude", "claude-x"])
    assert.deepStrictEqual([routed.tool, routed.model, routed.budget?.max_tokens], ["codex", "gpt-5", 5])
    assert.deepStrictEqual(routed.runtime?.fallback_models, [{ model: "gpt-5" }])
    const pinned = Schema.encodeSync(WorkflowDefinition)(definition)
    assert.deepStrictEqual(Schema.decodeUnknownSync(WorkflowDefinition)(JSON.parse(JSON.stringify(pinned))), definition)
  })

  it("reaches the provider with the request", () => {
    const event = { _tag: "RunStarted" as const, definition, definition_hash: "h", dispatch, vars: {} }
    const state = project(run, [{ sequence: 1, at: "2026-01-01T00:00:00.000Z", event }]) ?? assert.fail("no run")
    if (work.mode !== "agent") return assert.fail("another phase")
    const attempt = { _tag: "InFlight", phase: "work", attempt: 1, nonce: "n", startedAt: "", resumed: false } as const
    const place = { phase: "work", projectRoot: "/p", cwd: "/p/tree" }
    const { prompt, ...request } = agentRequest(state, work, attempt, { place })
    assert.include(prompt, "Phase: work")
    assert.deepStrictEqual(request, {
      cwd: "/p/tree",
      project_root: "/p",
      timeout_secs: 1800,
      env: {},
      model: "claude-x",
      permission_mode: "plan",
      reasoning_effort: "high",
      claude_profile: "p",
      tools: { allow: ["Read", "mcp__*"], deny: ["Web*"] },
      response_schema: { type: "object", properties: {}, required: ["kind"] },
      runtime_contract: { runtime: { web_search: true } }
    })
    const other = agentRequest(state, work, attempt, { place, target: { tool: "codex", model: "gpt-5" }, resume: "s" })
    assert.strictEqual(other.model, "gpt-5")
    assert.match(other.prompt, /^You were interrupted/)
  })
})

const circular = (entries: string) => `
phases:
  other: { mode: manual, manual: { instructions: look } }
  it: { mode: command, command: { program: npm } }
workflows: [{ id: w, phases: [${entries}] }]
`

describe("what is wrong with it", () => {
  it.each([
    ["budget: {}", "limits nothing"],
    ["budget: { max_tokens: 0 }", "budget.max_tokens should be a whole number above 0"],
    ["budget: { max_cost_usd: -1 }", "budget.max_cost_usd should be a number above 0"],
    ["worktree: sometimes", "worktree should be"],
    ["retry: { backoff: { factor: 2 } }", "retry.backoff.initial_secs is missing"],
    ["runtime: { retry_on: [sometimes] }", "runtime.retry_on"],
    ["evals: { checks: [] }", "judge nothing"],
    ["evals: { checks: [{ id: a, kind: command, command: rm }] }", "program \"rm\" is not allowed"],
    ["evals: { checks: [{ id: a, kind: command }] }", "names no command"],
    ["evals: { checks: [{ id: a, kind: command, command: npm, working_dir: ../x }] }", "leaves the project"],
    ["evals: { checks: [{ id: a, kind: llm_judge }] }", "needs an agent and a prompt"],
    ["evals: { checks: [{ id: a, kind: llm_judge, agent: codr, prompt: x }] }", "did you mean \"coder\"?"],
    ["evals: { checks: [{ id: a, kind: llm_judge, agent: toolless, prompt: x }] }", "names no tool"],
    ["evals: { checks: [{ id: a, kind: command, command: npm }, { id: a, kind: command, command: npm }] }", "twice"]
  ])("%s", (more, expected) => {
    assert.include(problems(small(`mode: agent, agent: coder, ${more}`)).join("\n"), expected)
  })

  it.each([
    ["budget: { max_tokens: 1, max_token: 1 }", "", "did you mean \"max_tokens\"?"],
    ["worktree: { mode: skip, base_ref: main }", "", "base_ref has no effect"],
    ["evals: { on_fail: rework, checks: [{ id: a, kind: command, command: npm }] }", "", "sends nothing back"],
    ["evals: { max_reworks: 1, checks: [{ id: a, kind: command, command: npm }] }", "", "on_fail: rework"],
    ["evals: { checks: [{ id: a, kind: command, command: npm, prompt: x }] }", "", "of kind command"],
    ["evals: { checks: [{ id: a, kind: llm_judge, agent: coder, prompt: x, args: [y] }] }", "", "of kind llm_judge"],
    ["runtime: { modl: x }", "", "did you mean \"model\"?"],
    ["idempotency: unknown", "daemon: { pool_size: 3 }", "set pool_size in .animus/config.json"]
  ])("%s%s is doubted", (more, top, expected) => {
    const { warnings } = succeed(small(`mode: agent, agent: coder, ${more}`, "it", top))
    assert.strictEqual(warnings.length, 1)
    assert.include(`${warnings[0]?.message} ${warnings[0]?.hint}`, expected)
  })

  it.each([
    ["other, it: { on_verdict: { advance: { target: other } } }", "leads back to \"other\""],
    ["it: { on_verdict: { advance: { target: it } } }", "guard: attempt < 3"]
  ])("%s is doubted", (entries, expected) => {
    const { warnings } = succeed(circular(entries))
    assert.strictEqual(warnings.length, 1)
    assert.include(`${warnings[0]?.message} ${warnings[0]?.hint}`, expected)
  })

  it("is not a circle with a guard, nor a folder beside a mode that reads none", () => {
    assert.deepStrictEqual(
      succeed(circular("it: { on_verdict: { advance: { target: it, guard: attempt < 3 } } }")).warnings,
      []
    )
    const folder = "mode: command, command: { program: npm, cwd_mode: project_root, cwd_path: x }"
    assert.include(succeed(small(folder)).warnings[0]?.message, "cwd_path has no effect")
  })

  it.each([
    ["daemon: { active_hours: 9-17 }", "write HH:MM-HH:MM"],
    ["daemon: { phase_routing: { itt: { tool: x } } }", "did you mean \"it\"?"]
  ])("%s", (top, expected) => {
    assert.include(problems(small("mode: agent, agent: coder", "it", top)).join("\n"), expected)
  })
})
