import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as FastCheck from "fast-check"
import { interpolate, looksSecret, referencedNames } from "../../src/workflow/Interpolate.ts"
import { editDistance, suggest } from "../../src/workflow/Suggest.ts"

const env: Record<string, string> = { HOME: "/home/a", EMPTY: "", YAML: "a: {b: [1, 2]}\n- x" }
const lookup = (name: string) => env[name]
const value = (text: string) => Result.getOrThrow(interpolate(text, lookup))

describe("interpolate", () => {
  it.each([
    ["nothing", "nothing"],
    ["${HOME}/x", "/home/a/x"],
    ["a${HOME}b${HOME}", "a/home/ab/home/a"],
    ["${EMPTY}", ""],
    ["${EMPTY:-d}", "d"],
    ["${NOPE:-}", ""],
    ["${NOPE:-a b:c}", "a b:c"],
    ["${HOME:-d}", "/home/a"],
    ["${HOME:?needed}", "/home/a"],
    ["$$HOME", "$HOME"],
    ["$${HOME}", "${HOME}"],
    ["$$$${HOME}", "$${HOME}"],
    ["$", "$"],
    ["cost: 5$ $x", "cost: 5$ $x"],
    ["{{subject_title}} ${HOME}", "{{subject_title}} /home/a"],
    ["${YAML}", env["YAML"]]
  ])("%j is %j", (text, expected) => assert.strictEqual(value(text), expected))

  it.each([
    ["${NOPE}", ["environment variable NOPE is not set"]],
    ["${EMPTY:?say who}", ["${EMPTY} is not set: say who"]],
    ["${NOPE:?}", ["environment variable NOPE is not set"]],
    ["${A} ${B}", ["environment variable A is not set", "environment variable B is not set"]]
  ])(
    "%j cannot be resolved",
    (text, expected) => assert.deepStrictEqual(interpolate(text, lookup), Result.fail(expected))
  )

  it.each(["${", "${}", "${1A}", "${A-B}", "${A:+b}", "${ A }"])("%j is not a variable", (text) => {
    const result = interpolate(text, lookup)
    assert.isTrue(Result.isFailure(result) && result.failure.length === 1)
  })

  it("leaves every text without a dollar as it is, and a doubled one is one", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string(), (text) => {
        assert.strictEqual(value(text.replaceAll("$", "$$$$")), text)
      }),
      { numRuns: 2000 }
    )
  })

  it("never looks into the values it puts in", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string(), (text) => {
        assert.deepStrictEqual(
          interpolate("<${V}>", (name) => name === "V" ? text : undefined),
          Result.succeed(`<${text}>`)
        )
      }),
      { numRuns: 2000 }
    )
  })

  it("knows the names it refers to, and which look secret", () => {
    assert.deepStrictEqual(referencedNames("${A} ${B:-x} $$ ${C:?m}"), ["A", "B", "C"])
    assert.deepStrictEqual(["GITHUB_TOKEN", "api_key", "PASSWORD", "HOME"].map(looksSecret), [true, true, true, false])
  })
})

describe("suggest", () => {
  it.each([
    ["pln", ["plan", "implement"], "did you mean \"plan\"?"],
    ["Implmenet", ["plan", "implement"], "did you mean \"implement\"?"],
    ["xyz", ["plan", "test"], "known: plan, test"],
    ["x".repeat(1000), ["plan"], "known: plan"]
  ])("%s", (written, known, hint) => assert.strictEqual(suggest(written, known), hint))

  it("is silent when nothing is known", () => assert.isUndefined(suggest("a", [])))

  it("measures a distance", () => {
    const word = FastCheck.string({ maxLength: 8 })
    FastCheck.assert(
      FastCheck.property(word, word, (a, b) => {
        assert.strictEqual(editDistance(a, b), editDistance(b, a))
        assert.strictEqual(editDistance(a, b) === 0, a === b)
        assert.isAtMost(editDistance(a, b), Math.max(a.length, b.length))
        assert.isAtLeast(editDistance(a, b), Math.abs(a.length - b.length))
      }),
      { numRuns: 1000 }
    )
  })
})
