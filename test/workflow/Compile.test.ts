import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { renderProblem } from "../../schemas/errors/RunErrors.ts"
import { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { compile, problems, small, succeed, template } from "./Compiled.ts"

describe("a project that is right", () => {
  it("compiles what `animus init` writes", () => {
    const project = succeed(template)
    assert.strictEqual(project.defaultWorkflow, "standard")
    assert.isTrue(project.executes)
    assert.deepStrictEqual(project.warnings, [])
    const [standard] = project.workflows
    assert.deepStrictEqual(standard?.phases.map(({ id, mode }) => [id, mode]), [
      ["plan", "agent"],
      ["implement", "agent"],
      ["test", "command"],
      ["review", "manual"]
    ])
    assert.deepStrictEqual(standard?.phases[2]?.on_verdict.rework, {
      target: "implement",
      allow_agent_target: false,
      allowed_targets: []
    })
    for (const workflow of project.workflows) {
      const decoded = Schema.decodeUnknownSync(WorkflowDefinition)(JSON.parse(JSON.stringify(workflow)))
      assert.deepStrictEqual(decoded, workflow)
    }
  })

  it("fills in the defaults", () => {
    const { workflows } = succeed(`
agents: { coder: { model: claude-x, launch: { command: agent } }, named: { model: claude-x } }
phases:
  a: { mode: agent, agent: coder }
  n: { mode: agent, agent: NAMED, runtime: { timeout_secs: 5 }, retry: { max_attempts: 7 }, decision_contract: {} }
  unit-test: { mode: command, command: { program: /usr/bin/npm } }
  m: { mode: manual, manual: { instructions: look } }
workflows: [{ id: w, phases: [a, { N: { max_rework_attempts: 2 } }, unit-test, m] }]
`)
    assert.deepStrictEqual(workflows[0]?.phases, [
      {
        id: "a",
        mode: "agent",
        idempotency: "unknown",
        max_rework_attempts: 3,
        skip_if: [],
        on_verdict: {},
        agent: "coder",
        tool: "exec",
        model: "claude-x",
        timeout_secs: 1800,
        max_attempts: 3,
        launch: { command: "agent", args: [], env: {}, prompt: "stdin" }
      },
      {
        id: "n",
        mode: "agent",
        idempotency: "unknown",
        max_rework_attempts: 2,
        skip_if: [],
        on_verdict: {},
        agent: "named",
        tool: "claude",
        model: "claude-x",
        timeout_secs: 5,
        max_attempts: 3,
        decision_contract: {
          min_confidence: 0.6,
          max_risk: "medium",
          allow_missing_decision: true,
          required_evidence: []
        }
      },
      {
        id: "unit-test",
        mode: "command",
        idempotency: "unknown",
        max_rework_attempts: 3,
        skip_if: [],
        on_verdict: {},
        program: "/usr/bin/npm",
        args: [],
        env: {},
        cwd: ".",
        timeout_secs: 600,
        success_exit_codes: [0],
        on_success_verdict: "advance",
        on_failure_verdict: "rework",
        parse_json_output: false,
        category: "test",
        excerpt_max_chars: 800
      },
      {
        id: "m",
        mode: "manual",
        idempotency: "unknown",
        max_rework_attempts: 3,
        skip_if: [],
        on_verdict: {},
        instructions: "look",
        approval_note_required: false
      }
    ])
  })

  it("reads every form of a phase entry, and splices workflows where they are named", () => {
    const { workflows } = succeed(`
phases:
  a: { mode: manual, manual: { instructions: a } }
  b: { mode: manual, manual: { instructions: b } }
  c: { mode: manual, manual: { instructions: c } }
workflows:
  - id: Outer
    phases:
      - a
      - workflow_ref: INNER
      - id: c
        skip_if: ["priority == 'low'", 'subject_kind != "task"', status == done]
        on_verdict: { Advance: { target: A, allow_agent_target: true, allowed_targets: [b] }, rework: { target: "" } }
  - id: inner
    phases: [b:]
`.replace("[b:]", "[{ b: }]"))
    assert.deepStrictEqual(workflows.map(({ id, phases }) => [id, phases.map((phase) => phase.id)]), [
      ["Outer", ["a", "b", "c"]],
      ["inner", ["b"]]
    ])
    const last = workflows[0]?.phases[2]
    assert.deepStrictEqual(last?.skip_if, [
      { field: "priority", operator: "==", value: "low" },
      { field: "subject_kind", operator: "!=", value: "task" },
      { field: "status", operator: "==", value: "done" }
    ])
    assert.deepStrictEqual(last?.on_verdict, {
      advance: { target: "a", allow_agent_target: true, allowed_targets: ["b"] },
      rework: { allow_agent_target: false, allowed_targets: [] }
    })
  })

  it("takes text for text, however YAML would have typed it, and numbers out of variables", () => {
    const { workflows } = succeed(
      small("mode: command, command: { program: npm, args: [1.10, true, 0x10, 7, null-ish], timeout_secs: '${T}' }"),
      { T: "12" }
    )
    const phase = workflows[0]?.phases[0]
    assert.deepStrictEqual(phase?.mode === "command" && [phase.args, phase.timeout_secs], [[
      "1.10",
      "true",
      "0x10",
      "7",
      "null-ish"
    ], 12])
  })

  it("follows aliases and merge keys", () => {
    const { workflows } = succeed(`
base: &base { mode: manual, manual: &m { instructions: look } }
phases:
  a: { <<: *base, idempotency: idempotent }
  b: { mode: manual, manual: *m }
workflows: [{ id: w, phases: [a, b] }]
`)
    assert.deepStrictEqual(workflows[0]?.phases.map(({ id, idempotency }) => [id, idempotency]), [["a", "idempotent"], [
      "b",
      "unknown"
    ]])
  })

  it("keeps references in env blocks as they are written, and resolves the others", () => {
    const env = "env: { TOKEN: '${API_TOKEN}', D: '$$x' }, args: ['${HOME}']"
    const { warnings, workflows } = succeed(small(`mode: command, command: { program: npm, ${env} }`), {
      API_TOKEN: "s3cret",
      HOME: "/h"
    })
    assert.notInclude(JSON.stringify(workflows), "s3cret")
    const phase = workflows[0]?.phases[0]
    assert.deepStrictEqual(phase?.mode === "command" && [phase.env, phase.args], [{ TOKEN: "${API_TOKEN}", D: "$$x" }, [
      "/h"
    ]])
    assert.deepStrictEqual(warnings, [])
  })

  it("warns of what has no effect and of secrets that would be kept", () => {
    const { warnings } = succeed(
      small(
        "mode: agent, agent: coder, directive: '${MY_KEY}', evalls: 1",
        "{ it: { on_verdict: { fail: {} } } }",
        "agent_channels: {}\nworkflws: []\n"
      ),
      { MY_KEY: "k" }
    )
    assert.deepStrictEqual(warnings.map(renderProblem), [
      "w.yaml:4:47: the value of ${MY_KEY} would be kept in the journal of every run (refer to it under env: only)",
      "w.yaml:4:60: \"evalls\" has no effect in this release (did you mean \"evals\"?)",
      "w.yaml:8:42: on_verdict.fail is never followed: only advance and rework are",
      "w.yaml:9:1: \"agent_channels\" is read past: this release does not act on it",
      "w.yaml:10:1: \"workflws\" is not a key of workflow files and has no effect (did you mean \"workflows\"?)"
    ])
  })

  it("is empty when there is nothing", () => {
    assert.deepStrictEqual(
      compile({}),
      Result.succeed({
        defaultWorkflow: undefined,
        workflows: [],
        triggers: [],
        schedules: [],
        activeHours: undefined,
        executes: false,
        warnings: []
      })
    )
    assert.deepStrictEqual(problems("# nothing yet\n"), [])
  })
})

describe("several files", () => {
  const phase = (text: string) => `{ mode: manual, manual: { instructions: ${text} } }`

  it("replaces by id and per key, merges agents field by field, unites the allow-list", () => {
    const result = compile({
      "a.yaml": `
default_workflow_ref: one
agents: { Coder: { tool: exec, model: old, system_prompt: kept } }
tools_allowlist: [aa]
phases: { p: ${phase("old")}, q: { mode: agent, agent: coder } }
workflows: [{ id: one, phases: [p] }, { id: two, phases: [p] }]
`,
      "b.yaml": `
default_workflow_ref: two
agents: { coder: { model: new } }
tools_allowlist: [bb]
phases: { P: ${
        phase("new")
      }, c: { mode: command, command: { program: AA } }, d: { mode: command, command: { program: bb } } }
workflows: [{ id: ONE, phases: [q, p, c, d] }]
`,
      "c.yaml": `id: bare\nphases: [p]\n`
    })
    const project = Result.getOrThrow(result)
    assert.strictEqual(project.defaultWorkflow, "two")
    assert.deepStrictEqual(project.workflows.map(({ id, phases }) => [id, phases.map((phase) => phase.id)]), [
      ["ONE", ["q", "P", "c", "d"]],
      ["two", ["P"]],
      ["bare", ["P"]]
    ])
    const [q, p] = project.workflows[0]?.phases ?? []
    assert.deepStrictEqual(q?.mode === "agent" && [q.tool, q.model, q.system_prompt], ["exec", "new", "kept"])
    assert.strictEqual(p?.mode === "manual" && p.instructions, "new")
  })

  it("does not blame references while a file cannot be read, and blames both files", () => {
    assert.deepStrictEqual(
      problems({
        "a.yaml": "workflows: [{ id: w, phases: [p] }]\ndefault_workflow_ref: gone\nphases: []\n",
        "b.yaml": "phases: {p: [}\n"
      }),
      [
        "a.yaml:3:9: phases is a map, not a list",
        "b.yaml:1:14: Flow sequence in block collection must be sufficiently indented and end with a ]",
        "b.yaml:1:15: Flow map in block collection must be sufficiently indented and end with a }"
      ]
    )
    assert.isTrue(
      problems({ "a.yaml": "default_workflow_ref: gone\n", "b.yaml": "a: [\n" }).every((line) =>
        line.startsWith("b.yaml")
      )
    )
  })
})
