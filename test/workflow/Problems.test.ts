import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as FastCheck from "fast-check"
import { one, problems, small, succeed, template } from "./Compiled.ts"

describe("what is wrong", () => {
  it("is told once a place, when the file is no YAML", () => {
    const places = problems("workflows:\n  - id: a\n  phases: [one\n {{ x\n ]: }\n").map((line) =>
      line.split(":").slice(0, 3).join(":")
    )
    assert.isAbove(places.length, 1)
    assert.deepStrictEqual(places, [...new Set(places)])
  })

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
        "w.yaml:13:9: a phase of mode agent names its agent (or what it works with: runtime: { tool: <provider> })",
        "w.yaml:17:9: no phase is named \"pln\" (did you mean \"plan\"?)",
        "w.yaml:18:49: no phase of this workflow is named \"tset\" (did you mean \"test\"?)",
        "w.yaml:18:64: \"bogus\" is not a verdict (known: advance, rework, fail, skip)",
        "w.yaml:18:91: max_rework_attempts should be a whole number above 0",
        "w.yaml:18:107: \"=\" means nothing here (did you mean \"==\"?)",
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

describe("a key that every object has", () => {
  const manual = "mode: manual, manual: { instructions: look }"
  it.each(["__proto__", "constructor", "toString"])("is as unknown as any other: %s", (key) => {
    const warned = (text: string) => succeed(text).warnings.filter(({ message }) => message.includes(key))
    assert.lengthOf(warned(small(`${manual}, ${key}: 1`)), 1)
    assert.lengthOf(warned(small(manual, "it", `\n${key}: [1]\ndaemon: { ${key}: 1 }`)), 2)
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
  }, 300_000)
})
