import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as FastCheck from "fast-check"
import { renderProblem } from "../../schemas/errors/RunErrors.ts"
import { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { workflowTemplate } from "../../src/cli/WorkflowTemplate.ts"
import { compileProject } from "../../src/workflow/Compile.ts"

const compile = (texts: Record<string, string>, env: Record<string, string> = {}) =>
  compileProject(Object.entries(texts).map(([file, text]) => ({ file, text })), (name) => env[name])

const one = (text: string, env?: Record<string, string>) => compile({ "w.yaml": text }, env)
const succeed = (text: string, env?: Record<string, string>) => {
  const result = one(text, env)
  if (Result.isSuccess(result)) return result.success
  return assert.fail(result.failure.map(renderProblem).join("\n"))
}
const problems = (texts: string | Record<string, string>, env?: Record<string, string>) => {
  const result = compile(typeof texts === "string" ? { "w.yaml": texts } : texts, env)
  return Result.isSuccess(result) ? [] : result.failure.map(renderProblem)
}

const template = workflowTemplate({ agent: ["my-agent", "--fast"], test: ["npm", "test"] })

const small = (phase: string, entry = "it", more = "") => `
agents: { coder: { tool: exec } }
phases:
  it: { ${phase} }
  other: { mode: manual, manual: { instructions: look } }
workflows:
  - id: w
    phases: [${entry}, other]
${more}`

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
        ...{
          id: "unit-test",
          mode: "command",
          idempotency: "unknown",
          max_rework_attempts: 3,
          skip_if: [],
          on_verdict: {}
        },
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
        "schedules: []\nworkflws: []\n"
      ),
      { MY_KEY: "k" }
    )
    assert.deepStrictEqual(warnings.map(renderProblem), [
      "w.yaml:4:47: the value of ${MY_KEY} would be kept in the journal of every run (refer to it under env: only)",
      "w.yaml:4:60: \"evalls\" has no effect in this release (known: mode, agent, agent_id, directive, system_prompt, runtime, decision_contract, retry, command, manual, ...)",
      "w.yaml:8:42: on_verdict.fail is never followed: only advance and rework are",
      "w.yaml:9:1: \"schedules\" is read past: this release does not act on it",
      "w.yaml:10:1: \"workflws\" is not a key of workflow files and has no effect (did you mean \"workflows\"?)"
    ])
  })

  it("is empty when there is nothing", () => {
    assert.deepStrictEqual(
      compile({}),
      Result.succeed({ defaultWorkflow: undefined, workflows: [], executes: false, warnings: [] })
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

describe("what is wrong", () => {
  it("is told whole, in place, with what was probably meant", () => {
    assert.deepStrictEqual(
      problems(`default_workflow_ref: standrd
agents:
  coder: { tool: exec, launch: { command: "", session_pattern: "(" } }
  lost: { system_prompt: [3] }
phases:
  plan: { mode: agent, agent: codr }
  two: { mode: agent, agent: lost }
  test:
    mode: command
    command: { program: rm, timeout_secs: 0, cwd_mode: path, cwd_path: ../x, success_exit_codes: [] }
  gate: { mode: manuel }
  both: { mode: manual, command: { program: npm } }
  bare: { mode: agent }
workflows:
  - id: standard
    phases:
      - pln
      - test: { on_verdict: { rework: { target: tset }, bogus: {} }, max_rework_attempts: 0, skip_if: ["a = b"] }
      - workflow_ref: other
        more: 1
  - id: other
    phases: [{ workflow_ref: standard }, gate, "\${NOPE}", { a: {}, b: {} }, [x]]
  - id: empty
    phases: []
  - name: x
  - id: twice
    phases: [two, Two, { plan: { agent: nobody } }]
    variables: [{ name: v }, { description: d }]
`),
      [
        "w.yaml:1:23: no workflow is named \"standrd\" (did you mean \"standard\"?)",
        "w.yaml:3:43: launch.command is empty",
        "w.yaml:3:64: launch.session_pattern is not a regular expression",
        "w.yaml:4:9: agent \"lost\" names no tool, and none follows from its model (add tool: <provider>, as in animus-provider-<provider>)",
        "w.yaml:4:26: system_prompt should be text",
        "w.yaml:6:31: no agent is named \"codr\" (did you mean \"coder\"?)",
        "w.yaml:10:25: program \"rm\" is not allowed in command phases (add it to tools_allowlist)",
        "w.yaml:10:43: command.timeout_secs should be a whole number above 0",
        "w.yaml:10:72: cwd_path \"../x\" leaves the project (write a path relative to the project root, without ..)",
        "w.yaml:10:98: success_exit_codes is empty: the command could never succeed",
        "w.yaml:11:17: mode should be \"agent\" or \"command\" or \"manual\"",
        "w.yaml:12:9: a phase of mode manual has a manual block",
        "w.yaml:12:25: this phase is of mode manual: its command block would never be used",
        "w.yaml:13:9: a phase of mode agent names its agent",
        "w.yaml:17:9: no phase is named \"pln\" (did you mean \"plan\"?)",
        "w.yaml:18:49: no phase of this workflow is named \"tset\" (did you mean \"test\"?)",
        "w.yaml:18:64: \"bogus\" is not a verdict (known: advance, rework, fail, skip)",
        "w.yaml:18:91: max_rework_attempts should be a whole number above 0",
        "w.yaml:18:104: skip_if \"a = b\" cannot be read (write field == 'value' or field != 'value')",
        "w.yaml:20:9: \"more\" cannot stand beside workflow_ref",
        "w.yaml:22:30: workflow \"standard\" would contain itself (standard -> other -> standard)",
        "w.yaml:22:48: environment variable NOPE is not set (set it, give a default with ${NAME:-default}, or write $$ for a dollar sign)",
        "w.yaml:22:48: no phase is named \"${NOPE}\" (known: plan, two, test, gate, both, bare)",
        "w.yaml:22:59: this entry of phases cannot be read (an entry is a phase id, {workflow_ref: id} or {phase-id: {options}})",
        "w.yaml:22:77: this entry of phases cannot be read (an entry is a phase id, {workflow_ref: id} or {phase-id: {options}})",
        "w.yaml:24:13: workflow \"empty\" has no phases",
        "w.yaml:25:5: this workflow has no id",
        "w.yaml:27:19: phase \"Two\" occurs twice in workflow \"twice\" (define a second phase with an id of its own)",
        "w.yaml:27:41: no agent is named \"nobody\" (known: coder, lost)",
        "w.yaml:28:30: variables[1].name is missing"
      ]
    )
  })

  it.each([
    ["a: [1\nb: 2\n", 1],
    ["a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n", 2],
    ["a: 1\n---\nb: 2\n", 1],
    ["\ta: 1\n", 1],
    ["- a\n- b\n", 1],
    ["just text", 1],
    ["phases: *gone\n", 1],
    ["phases: &a { b: *a }\n", 1],
    ["? [a, b]\n: c\n", 1],
    ["workflows: {}\nphases: []\nagents: 3\ntools_allowlist: x\n", 4],
    [
      "workflows: [{ id: a, phases: [p] }, { id: A, phases: [p] }]\nphases: { p: { mode: manual, manual: { instructions: x } }, P: { mode: manual, manual: { instructions: x } } }\n",
      2
    ]
  ])("%j has %d problem(s), each with a place", (text, least) => {
    const found = problems(text)
    assert.isAtLeast(found.length, least)
    for (const line of found) assert.match(line, /^w\.yaml:[1-9]\d*:[1-9]\d*: ./)
  })

  it.each([
    [small("mode: command, command: { program: npm, cwd_path: /etc }"), "leaves the project"],
    [small("mode: command, command: { program: npm, cwd_path: a/../../b }"), "leaves the project"],
    [small("mode: command, command: { program: npm, cwd_mode: path }"), "cwd_path is missing"],
    [small("mode: command, command: { program: '' }"), "program is empty"],
    [small("mode: command, command: { program: /bin/npn }"), "did you mean \"npm\"?"],
    [small("mode: command, command: { program: npm }, agent: coder"), "its agent would never be used"],
    [small("mode: manual, manual: { instructions: ' ' }"), "instructions is empty"],
    [small("mode: manual, manual: { instructions: x, timeout_secs: 0 }"), "above 0"],
    [small("mode: agent, agent: coder, runtime: { timeout_secs: -1 }"), "above 0"],
    [small("mode: agent, agent: coder, decision_contract: { min_confidence: 2 }"), "from 0 to 1"],
    [small("mode: agent, agent: coder, idempotency: maybe"), "idempotency should be"],
    [small("mode: manual, manual: { instructions: x }", "{ it: 3 }"), "are a map"],
    [small("mode: agent, agent: coder", "it", "    variables: [{ name: v }, { name: v }]"), "declared twice"],
    [small("mode: agent, agent: coder", "[it"), "Flow sequence"],
    [small("mode: command, command: { program: npm, args: [${X}] }"), "in quotes"]
  ])("%#: %s", (text, expected) => assert.include(problems(text).join("\n"), expected))

  it("does not grow with what aliases would write out", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for (let i = 1; i < 12; i++) {
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(", ")}]`)
    }
    assert.include(problems([...lines, "phases: { p: { directive: *a11 } }"].join("\n")).join("\n"), "values large")
  })

  it("does not splice without end", () => {
    const workflows = Array.from(
      { length: 40 },
      (_, i) => `{ id: w${i}, phases: [{ workflow_ref: w${i + 1} }, { workflow_ref: w${i + 1} }] }`
    )
    const text = `phases: { p: { mode: manual, manual: { instructions: x } } }\nworkflows: [${
      workflows.join(", ")
    }, { id: w40, phases: [p] }]`
    assert.include(problems(text).join("\n"), "more than 500 phases")
  })

  it("is told of files nested without end, too", () => {
    const found = problems("[".repeat(20_000))
    assert.isAtLeast(found.length, 1)
  })
})

describe("any text", () => {
  it("is compiled or refused with places, never anything else", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ": ",
      ":",
      "- ",
      "\n",
      "  ",
      "&a ",
      "*a",
      "<<: ",
      "!!set ",
      "${X}",
      "$",
      "'",
      "\"",
      "|",
      ">",
      "#",
      "---\n",
      "null",
      "0",
      "workflow_ref",
      "id",
      "__proto__: 1\n",
      "constructor",
      "\u0000",
      "?",
      "%",
      "\t"
    ]
    const edit = FastCheck.record({
      at: FastCheck.nat(template.length),
      cut: FastCheck.nat(30),
      put: FastCheck.oneof(FastCheck.constantFrom(...pieces), FastCheck.string({ maxLength: 5 }))
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), template)
        const lines = text.split("\n").length
        const result = one(text)
        if (Result.isSuccess(result)) return
        for (const { column, file, line } of result.failure) {
          assert.strictEqual(file, "w.yaml")
          assert.isTrue(line >= 1 && line <= lines + 1 && column >= 1, `${line}:${column} of ${lines} lines`)
        }
      }),
      { numRuns: 3000 }
    )
  }, 60_000)
})
