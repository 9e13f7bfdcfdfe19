import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { sanitize, sanitizeLine } from "../../src/cli/Sanitize.ts"

describe("sanitize", () => {
  const cases: ReadonlyArray<readonly [what: string, given: string, shown: string]> = [
    ["plain text", "hello\tworld\n", "hello\tworld\n"],
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["a window title", "\u001b]0;owned\u0007text", "text"],
    ["a clipboard write that never ends", "a\u001b]52;c;AAAA", "a"],
    ["a screen reset", "\u001bcgone", "gone"],
    ["an 8-bit control sequence", "\u009b2Jgone", "gone"],
    ["backspaces over what was said", "no\b\byes", "noyes"],
    ["carriage returns over what was said", "no\ryes", "no\nyes"],
    ["text that is shown backwards", "user\u202Etxt.exe", "usertxt.exe"],
    ["isolates and marks", "a\u2066b\u2069c\u200F", "abc"],
    ["what joins emoji is lost, the emoji are not", "ok 👍 é 日本", "ok 👍 é 日本"]
  ]
  for (const [what, given, shown] of cases) {
    it(what, () => assert.strictEqual(sanitize(given), shown))
  }

  it("leaves nothing that a terminal obeys, whatever comes", () => {
    // oxlint-disable-next-line no-control-regex
    const obeyed = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/
    const hostile = fc.array(
      fc.oneof(fc.string(), fc.constantFrom("\u001b", "[", "]", "\u009b", "\u0007", "m", "\r", "\u202e"))
    )
    fc.assert(fc.property(hostile, (parts) => !obeyed.test(sanitize(parts.join("")))), { numRuns: 2000 })
  })

  it("makes one line of many for a table", () => assert.strictEqual(sanitizeLine(" a\n  b\r\nc "), "a b c"))
})
