/** What is read from, and written into, the texts that agents and commands exchange with a run. */
import { assert, describe, it } from "@effect/vitest"
import type { AgentPhase } from "../../schemas/Workflow.ts"
import { readDecision, worsen } from "../../src/run/Decision.ts"
import { capture, excerpt, nothingCaptured, textOf } from "../../src/run/phases/CommandOutput.ts"
import type { InFlight } from "../../src/run/Position.ts"
import { buildPrompt } from "../../src/run/Prompt.ts"
import type { PhaseState, RunState } from "../../src/run/RunState.ts"
import { fillIn } from "../../src/run/Template.ts"
import { agent, dispatch, run, workflow } from "./World.ts"

const nonce = "n0nce"
const line = (fields: object) =>
  JSON.stringify({ nonce, verdict: "rework", confidence: 0.7, risk: "low", reason: "r", ...fields })

describe("a decision in the final text", () => {
  it.each<[string, string, string | undefined]>([
    ["bare", line({}), "rework"],
    ["under phase_decision", `{"phase_decision":${line({})}}`, "rework"],
    ["under decision", `{"decision":${line({})}}`, "rework"],
    ["of the right kind", line({ kind: "phase_decision" }), "rework"],
    ["of another kind", line({ kind: "plan" }), undefined],
    ["with another nonce", line({ nonce: "other" }), undefined],
    ["without a nonce", line({ nonce: undefined }), undefined],
    ["with the nonce outside the decision", `{"nonce":"${nonce}","phase_decision":{"verdict":"fail"}}`, undefined],
    ["spelled loosely", line({ verdict: " FAIL " }), "fail"],
    ["with a verdict nobody knows", line({ verdict: "perhaps" }), undefined],
    ["inside a sentence", `so I say ${line({})}`, undefined],
    ["after others: the last counts", `${line({})}\n${line({ verdict: "skip" })}\nbye`, "skip"],
    ["on a broken line", line({}).slice(0, -1), undefined],
    ["on Windows lines", `${line({})}\r\n`, "rework"]
  ])("%s", (_, text, verdict) => {
    assert.strictEqual(readDecision(text, nonce)?.verdict, verdict)
  })

  it("takes numbers as text, and what is missing at its worst", () => {
    assert.strictEqual(readDecision(line({ confidence: "0.25" }), nonce)?.confidence, 0.25)
    assert.strictEqual(readDecision(line({ confidence: undefined }), nonce)?.confidence, 0)
    assert.strictEqual(readDecision(line({ confidence: 40 }), nonce)?.confidence, 1)
    assert.strictEqual(readDecision(line({ risk: "none" }), nonce)?.risk, "medium")
  })
})

describe("a decision in a command's output", () => {
  const derived = (verdict: "advance" | "rework" | "fail") => ({
    verdict,
    confidence: 1,
    risk: "low" as const,
    reason: "exit",
    guardrail_violations: [],
    evidence: [],
    source: "command" as const
  })
  it.each<["advance" | "rework" | "fail", string, string]>([
    ["advance", "rework", "rework"],
    ["advance", "fail", "fail"],
    ["advance", "skip", "advance"],
    ["rework", "advance", "rework"],
    ["rework", "skip", "rework"],
    ["rework", "fail", "fail"],
    ["fail", "advance", "fail"]
  ])("%s with a line that says %s is %s", (own, said, expected) => {
    const result = worsen(derived(own), `noise\n${line({ verdict: said, confidence: 0.2, target_phase: "last" })}`)
    assert.strictEqual(result.verdict, expected)
    assert.notProperty(result, "target_phase")
    assert.isAtMost(result.confidence, 1)
  })
})

describe("a command's output", () => {
  it("keeps its beginning and its end, and says what it left out", () => {
    let kept = nothingCaptured
    for (let index = 0; index < 400; index++) kept = capture(kept, `${index}:${"x".repeat(996)}\n`)
    const text = textOf(kept)
    assert.isTrue(text.startsWith("0:x"))
    assert.isTrue(text.endsWith("x\n"))
    assert.include(text, "characters left out")
    assert.isBelow(text.length, 170_000)
  })

  it("is small enough to be kept whole", () => {
    assert.strictEqual(textOf(capture(capture(nothingCaptured, "ab"), "cd")), "abcd")
  })

  const noise = Array.from({ length: 200 }, (_, index) => `ok ${index} - fine`).join("\n")
  it("is quoted by the lines that tell what failed, without colours", () => {
    const said = excerpt(
      `${noise}\n\u001b[31mnot ok 201 - adds\u001b[0m\n  expected 2\n${noise}\n# 0 failed`,
      400,
      true
    )
    assert.include(said, "not ok 201 - adds\n  expected 2")
    assert.notInclude(said, "\u001b")
    assert.isAtMost(said.length, 400)
  })

  it("is quoted by the lines that its author's pattern finds", () => {
    const said = excerpt(`${noise}\nerror: 1\n${noise}\nBAD: two\n${noise}`, 400, true, "^BAD")
    assert.include(said, "BAD: two")
    assert.notInclude(said, "error: 1")
  })

  it("is quoted by its end when nothing tells", () => {
    assert.isTrue(excerpt(`${noise}\nthe end`, 50, true).endsWith("the end"))
    assert.isTrue(excerpt(`${noise}\nall good`, 50, false).endsWith("all good"))
    assert.isAtMost(excerpt(noise, 50, false).length, 50)
  })
})

const done = (id: string, output: string, minute: number): PhaseState => ({
  id,
  status: "success",
  attempt: 1,
  output,
  finished_at: `2026-01-01T00:0${minute}:00Z`
})

const stateWith = (phases: ReadonlyArray<PhaseState>): RunState => ({
  head: { run, workflow: "build", status: "running", started_at: "", updated_at: "", sequence: 1 },
  definition: workflow(agent("plan"), agent("implement")),
  definitionHash: "",
  dispatch,
  subject: undefined,
  vars: { who: "{{subject_title}}" },
  phases,
  reworks: {},
  position: { _tag: "Begun" },
  feedback: undefined,
  recoveries: []
})

const attempt: InFlight = {
  _tag: "InFlight",
  phase: "implement",
  attempt: 2,
  nonce,
  startedAt: "",
  resumed: false,
  failureContext: "test 3 fails"
}
const place = { phase: "implement", projectRoot: "/project", cwd: "/project" }
const promptOf = (phases: ReadonlyArray<PhaseState>, phase: AgentPhase = agent("implement")) =>
  buildPrompt(stateWith(phases), phase, attempt, place)

describe("a prompt", () => {
  it("carries the run, the directive, the subject, what was done, why it came back, and the nonce last", () => {
    const prompt = promptOf(
      [done("plan", "first do this", 1)],
      agent("implement", { directive: "Mend {{subject_id}} {{nope}}" })
    )
    for (
      const part of [
        "Run: run-1",
        "Phase: implement",
        "Attempt: 2",
        "Mend task:TASK-1 {{nope}}",
        "add(1, 1) is 3",
        "first do this",
        "test 3 fails"
      ]
    ) assert.include(prompt, part)
    assert.include(prompt.split("\n").at(-1) ?? "", nonce)
  })

  it("keeps the newest results when there is no room for all", () => {
    const prompt = promptOf([done("plan", `OLD${"o".repeat(5000)}`, 1), done("design", `NEW${"n".repeat(5000)}`, 2)])
    assert.include(prompt, "NEW")
    assert.notInclude(prompt, "OLD")
    assert.isBelow(prompt.length, 10_000)
  })

  it("repeated as an answer decides nothing", () => {
    assert.isUndefined(readDecision(promptOf([]), nonce))
  })

  it("never reads a value as a template", () => {
    assert.strictEqual(fillIn("{{ who }} {{constructor}}", { who: "{{who}}" }), "{{who}} {{constructor}}")
  })
})
