import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { JsonObject } from "../../schemas/Json.ts"
import { checkDecision, checkOutput, contractBreach, readPayload } from "../../src/run/Contract.ts"
import { buildPrompt } from "../../src/run/Prompt.ts"
import { project } from "../../src/run/RunState.ts"
import { problems, small, succeed } from "../workflow/Compiled.ts"
import { agent, dispatch, run, workflow } from "./World.ts"

const compiled = (more: string) => {
  const { warnings, workflows } = succeed(small(`mode: agent, agent: coder, ${more}`))
  assert.deepStrictEqual(warnings, [])
  const phase = workflows[0]?.phases[0]
  return phase?.mode === "agent" ? phase : assert.fail("no agent phase")
}

const report = compiled(
  "output_contract: { kind: report, required_fields: [title], " +
    "fields: { title: string, score: { type: integer, minimum: 1, required: true } } }"
)

describe("an output contract", () => {
  it.each<[string, string | undefined]>([
    ["{\"kind\": \"report\", \"title\": \"x\", \"score\": 3}", undefined],
    ["words {\"kind\":\"report\",\"title\":\"x\",\"score\":3} words\n{\"phase_decision\":{}}", undefined],
    ["```json\n{\n \"kind\": \"report\",\n \"title\": \"{\", \"more\": {\"a\": 1},\n \"score\": 3\n}\n```", undefined],
    ["{\"kind\":\"report\"}\n{\"kind\":\"report\",\"title\":\"x\",\"score\":1}", undefined],
    ["a stray { before {\"kind\":\"report\",\"title\":\"x\",\"score\":1}", undefined],
    ["", "no result of kind \"report\""],
    ["{\"kind\":\"other\",\"title\":\"x\",\"score\":3}", "no result of kind"],
    ["{\"kind\":\"report\",\"score\":3}", "title: Missing key"],
    ["{\"kind\":\"report\",\"title\":\"x\"}", "score: Missing key"],
    ["{\"kind\":\"report\",\"title\":7,\"score\":0}", "title: Expected string"],
    ["{\"kind\":\"report\",\"title\":\"x\",\"score\":0}", "score: "]
  ])("%j", (text, expected) => {
    const breach = checkOutput(report, text)
    if (expected === undefined) assert.isUndefined(breach)
    else assert.include(breach, expected)
  })

  it("without a kind takes the last object that decides nothing", () => {
    const phase = compiled("output_json_schema: { type: object, required: [a], properties: { a: { type: number } } }")
    assert.isUndefined(
      checkOutput(phase, "{\"b\":1}\n{\"a\":1}\n{\"phase_decision\":{\"nonce\":\"n\",\"verdict\":\"advance\"}}")
    )
    assert.include(checkOutput(phase, "{\"phase_decision\":{\"a\":1}}"), "no result")
  })

  it("is enforced in a command phase, too", () => {
    const { workflows } = succeed(
      small("mode: command, command: { program: npm }, output_contract: { kind: k }").replace(
        "agents: { coder",
        "agents: { coder"
      )
    )
    const phase = workflows[0]?.phases[0]
    if (phase?.mode !== "command") return assert.fail("no command phase")
    assert.include(checkOutput(phase, "{}"), "kind \"k\"")
    assert.isUndefined(checkOutput(phase, "{\"kind\":\"k\"}"))
  })

  it("finds what was printed in any words around it", () => {
    const words = fc.string({ unit: fc.constantFrom("a", " ", "\n", "}", ":", "[", "'"), maxLength: 20 })
    const text = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(
        words,
        fc.dictionary(text, fc.oneof(text, fc.integer(), fc.array(text, { maxLength: 2 }))),
        words,
        (before, given, after) => {
          const object: JsonObject = JSON.parse(JSON.stringify({ ...given, kind: "k" }))
          const found = readPayload({ kind: "k", json_schemas: [] }, `${before}\n${JSON.stringify(object)}${after}`)
          assert.deepStrictEqual(found, object)
        }
      ),
      { numRuns: 1000 }
    )
  })

  it("does not grow with what is opened and never closed", () => {
    assert.isUndefined(readPayload({ kind: "k", json_schemas: [] }, "{\"a\":".repeat(100_000)))
    assert.isUndefined(readPayload({ kind: "k", json_schemas: [] }, "{".repeat(100_000) + "}".repeat(100_000)))
  })
})

const say = (fields: object) => JSON.stringify({ phase_decision: { nonce: "n", verdict: "advance", ...fields } })

describe("a decision contract", () => {
  const strict = compiled(
    "decision_contract: { allow_missing_decision: false, fields: { ticket: { type: string, required: true } } }"
  )

  it("demands a decision with the attempt's nonce where a missing one is not allowed", () => {
    assert.include(checkDecision(strict, "done", "n"), "carries no decision")
    assert.include(checkDecision(strict, say({ ticket: "T" }), "other"), "carries no decision")
    assert.isUndefined(checkDecision(compiled("decision_contract: {}"), "done", "n"))
    assert.isUndefined(checkDecision(agent("a"), "done", "n"))
  })

  it("demands the fields that the author asks for", () => {
    assert.isUndefined(checkDecision(strict, say({ ticket: "T" }), "n"))
    assert.include(checkDecision(strict, say({}), "n"), "ticket: Missing key")
    const schema = compiled(
      "decision_contract: { extra_json_schema: { type: object, properties: { size: { enum: [1, 2] } } } }"
    )
    assert.isUndefined(checkDecision(schema, say({ size: 2 }), "n"))
    assert.include(checkDecision(schema, say({ size: 3 }), "n"), "size")
  })

  it("is told before a breach of the result", () => {
    const both = { ...report, ...strict, output: report.output ?? assert.fail() }
    assert.include(contractBreach(both, "done", "n"), "no decision")
    assert.include(contractBreach(both, say({ ticket: "T" }), "n"), "no result")
  })
})

describe("a contract in a file", () => {
  it.each([
    [
      "output_json_schema: { type: object, if: { type: string }, then: { minLength: 2 } }",
      "output_json_schema cannot be enforced"
    ],
    ["output_contract: { fields: { a: strng } }", "\"strng\" is not a type of JSON"],
    ["output_json_schema: 3", "output_json_schema should be"],
    ["decision_contract: { extra_json_schema: { $ref: 'http://x/y' } }", "extra_json_schema cannot be enforced"]
  ])("%s is refused", (more, expected) => {
    assert.include(problems(small(`mode: agent, agent: coder, ${more}`)).join("\n"), expected)
  })

  it("in a phase that nothing would hold to it is doubted", () => {
    const { warnings } = succeed(small("mode: manual, manual: { instructions: x }, output_contract: { kind: k }"))
    assert.deepStrictEqual(warnings.map(({ message }) => message), [
      "\"output_contract\" has no effect in a phase of mode manual"
    ])
  })
})

describe("the prompt", () => {
  it("says what the answer has to hold", () => {
    const phase = {
      ...report,
      decision_contract: compiled("decision_contract: { fields: { ticket: string } }").decision_contract
    }
    const event = {
      _tag: "RunStarted" as const,
      definition: workflow(agent("a")),
      definition_hash: "h",
      dispatch,
      vars: {}
    }
    const state = project(run, [{ sequence: 1, at: "2026-01-01T00:00:00.000Z", event }])
    if (state === undefined) return assert.fail("no run")
    const attempt = { _tag: "InFlight", phase: "a", attempt: 1, nonce: "n", startedAt: "", resumed: false } as const
    const prompt = buildPrompt(
      state,
      { ...report, ...(phase.decision_contract === undefined ? {} : { decision_contract: phase.decision_contract }) },
      attempt,
      { phase: "a", projectRoot: "/p", cwd: "/p" }
    )
    assert.include(prompt, "## Result\nYour answer must hold one JSON object")
    assert.include(prompt, "\"kind\": \"report\"")
    assert.include(prompt, "\"minimum\":1")
    assert.include(prompt, "\"ticket\":{\"type\":\"string\"}")
  })
})
