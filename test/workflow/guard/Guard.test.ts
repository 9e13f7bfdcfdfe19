import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import { Guard } from "../../../schemas/Workflow.ts"
import { guardHolds, holds, printGuard } from "../../../src/workflow/guard/Evaluate.ts"
import { print } from "../../../src/workflow/guard/Expression.ts"
import { parse } from "../../../src/workflow/guard/Parse.ts"
import { problems, succeed } from "../Compiled.ts"
import { expressions, shape } from "./Guards.ts"

const facts = {
  subject: {
    kind: "task",
    priority: 3,
    labels: ["bug", "p1"],
    custom: { size: "12", "due date": "2026-05-01" },
    title: undefined
  },
  status: "done",
  priority: 3,
  vars: { fast: "true", slow: "false", n: "10" },
  input: { deep: { er: false }, list: [1, 2], odd: [{}] },
  decision: { verdict: "advance", confidence: 0.75, risk: "medium" },
  attempt: 2,
  reworks: { "code-review": 1 }
}

const said = (text: string) => guardHolds(text, facts)

describe("a condition", () => {
  it.each([
    "subject.kind == 'task'",
    "subject.kind == \"task\"",
    "subject.priority >= 3 && subject.priority < 4",
    "subject.priority == '3'",
    "subject.priority == 'high'",
    "priority == 'high'",
    "priority != 'low'",
    "'medium' < priority",
    "priority < 'Critical'",
    "priority in ['high', 'critical']",
    "'bug' in subject.labels",
    "subject.kind in ['bug', 'task']",
    "attempt in [1, 2]",
    "attempt == 2.0",
    "subject.custom.size > 9",
    "subject.custom['due date'] <= '2026-05-01'",
    "vars.fast",
    "!vars.slow",
    "vars.n == 10",
    "vars.n != 11",
    "input.deep.er == false",
    "decision.risk < 'high' && decision.risk > 'low'",
    "decision.confidence >= 0.75",
    "reworks.code-review == 1",
    "subject.kind == 'bug' || status == 'done'",
    "(subject.kind == 'bug' || subject.kind == 'task') && !(attempt > 2)",
    "subject.nothing == 1 || true",
    "!(subject.nothing == 1 && false)"
  ])("%s holds", (text) => assert.isTrue(said(text)))

  it.each([
    "priority != 'high'",
    "subject.custom.size == 'high'",
    "subject.nothing == 'x'",
    "subject.nothing != 'x'",
    "!(subject.nothing == 'x')",
    "!subject.nothing",
    "subject.title != 'x'",
    "subject.labels == 'bug'",
    "subject.labels != 'bug'",
    "subject.priority < 'x'",
    "subject.priority > 'x'",
    "input.odd != 1",
    "input.list",
    "'x' in subject.kind",
    "subject.kind",
    "constructor != 1",
    "subject.constructor != 1",
    "subject.kind == 'bug' && true",
    "nothing && true",
    "'a' in []"
  ])("%s does not", (text) => assert.isFalse(said(text)))

  it("binds ! before comparisons, those before &&, that before ||", () => {
    const same = (left: string, right: string) =>
      assert.deepStrictEqual(shape(Result.getOrThrow(parse(left))), shape(Result.getOrThrow(parse(right))))
    same("!a == b && c || d && e", "(((!a) == b) && c) || (d && e)")
    same("a || b || c", "(a || b) || c")
  })

  it.each<[string, number, string]>([
    ["", 0, "ends too early"],
    ["a ==", 4, "ends too early"],
    ["a = b", 2, "did you mean \"==\"?"],
    ["a & b", 2, "did you mean \"&&\"?"],
    ["a == 'b", 5, "has no end"],
    ["a == b == c", 7, "do not chain"],
    ["a b", 2, "&& or ||"],
    ["(a", 2, "is missing"],
    ["a.", 2, "a name belongs"],
    ["a in [b]", 6, "a list holds values"],
    ["a in [1,]", 8, "a list holds values"],
    ["a in ['x' 'y']", 10, "is missing"],
    ["a[1", 3, "is missing"],
    ["&& a", 0, "where a field or a value belongs"],
    ["a == 12x", 5, "means nothing"],
    ["a == task:1", 9, "means nothing"],
    ["(".repeat(60) + "a" + ")".repeat(60), 51, "too deeply"],
    ["!".repeat(60) + "a", 51, "too deeply"],
    [`a == '${"x".repeat(2000)}'`, 0, "too long"]
  ])("%j is refused at %d", (text, at, expected) => {
    const parsed = parse(text)
    assert.isTrue(Result.isFailure(parsed))
    if (Result.isSuccess(parsed)) return
    assert.strictEqual(parsed.failure.at, at)
    assert.include(`${parsed.failure.message}; ${parsed.failure.hint}`, expected)
  })

  it("is read back from what it is printed as, and printed in one way", () => {
    fc.assert(
      fc.property(expressions, (expression) => {
        const text = print(expression)
        const read = Result.getOrThrow(parse(text))
        assert.deepStrictEqual(shape(read), shape(expression))
        assert.strictEqual(print(read), text)
      }),
      { numRuns: 10_000 }
    )
  }, 300_000)

  it("is true, false or neither of any facts, and never more than one of it and its opposite", () => {
    fc.assert(
      fc.property(
        expressions,
        fc.dictionary(fc.constantFrom("kind", "id", "x"), fc.jsonValue({ maxDepth: 1 })),
        (expression, given) => {
          const facts = { ...given, subject: given, vars: { x: "1", kind: "true" }, attempt: 1 }
          const yes = holds(expression, facts)
          assert.isFalse(yes && holds({ _tag: "Not", of: expression, at: 0 }, facts))
        }
      ),
      { numRuns: 10_000 }
    )
  }, 300_000)

  it("is never asked in vain: any text is read or refused with a place in it", () => {
    const piece = fc.constantFrom(
      "a",
      ".",
      "==",
      "in",
      "(",
      ")",
      "[",
      "]",
      "'",
      "\"",
      " ",
      "&&",
      "||",
      "!",
      "1",
      ",",
      "é",
      "\n"
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("")
        const parsed = parse(text)
        assert.isBoolean(guardHolds(text, facts))
        if (Result.isFailure(parsed)) assert.isAtMost(parsed.failure.at, text.length)
      }),
      { numRuns: 10_000 }
    )
  }, 300_000)
})

describe("a pinned condition", () => {
  it("of the older form is decoded, holds as it did, and is shown", () => {
    const old = Schema.decodeUnknownSync(Guard)({ field: "status", operator: "!=", value: "it's" })
    assert.isTrue(guardHolds(old, facts))
    assert.isFalse(guardHolds({ field: "subject.kind", operator: "==", value: "task" }, facts))
    assert.strictEqual(printGuard(old), "status != \"it's\"")
  })

  it("that nothing can read never holds", () => assert.isFalse(guardHolds("a ==", facts)))
})

const workflow = (condition: string) => `
phases:
  a: { mode: manual, manual: { instructions: look } }
  Code-Review: { mode: manual, manual: { instructions: look } }
workflows:
  - id: w
    variables: [{ name: fast, default: "no" }]
    phases:
      - a
      - Code-Review:
          skip_if:
            - ${condition}
`

describe("a condition in a file", () => {
  it("is pinned as text, phases spelled as they are defined", () => {
    const { warnings, workflows } = succeed(workflow("reworks.code-review > 1 && vars.fast"))
    assert.deepStrictEqual(workflows[0]?.phases[1]?.skip_if, ["reworks.Code-Review > 1 && vars.fast"])
    assert.deepStrictEqual(warnings, [])
  })

  it.each<[string, string, string]>([
    ["subject.kin == 'a'", "12:15", "did you mean \"subject.kind\"?"],
    ["task.kind == 'a'", "12:15", "did you mean \"subject.kind\"?"],
    ["attempt > 1 && vars.fsat", "12:30", "did you mean \"fast\"?"],
    ["reworks.b > 1", "12:15", "no phase of this workflow"],
    ["subject.labels == 'bug'", "12:30", "write 'label' in subject.labels"],
    ["subject.kind == bug", "12:31", "write 'bug'"],
    ["\"subject.kind == 'a' && \\u0061ttmpt == 1\"", "12:39", "did you mean \"attempt\"?"],
    ["'subject.kind == ''a'' && attmpt == 1'", "12:41", "did you mean \"attempt\"?"],
    ["|-\n              subject.kind == 'a' &&\n                attmpt == 1", "14:17", "did you mean \"attempt\"?"],
    ["subject.kind in 'task'", "12:31", "write [ ]"]
  ])("%j is doubted at %s", (condition, place, hint) => {
    const { warnings } = succeed(workflow(condition))
    assert.deepStrictEqual(warnings.map(({ column, line }) => `${line}:${column}`), [place])
    assert.include(`${warnings[0]?.message} ${warnings[0]?.hint}`, hint)
  })

  it("is refused where it goes wrong", () => {
    assert.deepStrictEqual(problems(workflow("subject.kind === 'a'")), [
      "w.yaml:12:30: \"=\" means nothing here (did you mean \"==\"?)"
    ])
  })
})
