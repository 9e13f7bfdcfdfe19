import { assert, describe, it } from "@effect/vitest"
import { duration, fields, table } from "../../src/cli/Table.ts"

describe("table", () => {
  it("aligns by what is seen, not by characters", () => {
    assert.deepStrictEqual(table(["NAME", "N"], [["日本", 1], ["plain", 22]]), ["NAME   N", "日本   1", "plain  22"])
  })
  it("shows what is missing as a dash, and never lets a cell break the row", () => {
    assert.deepStrictEqual(table(["A", "B"], [[undefined, "x\ny\u001b[2J"]]), ["A  B", "-  x y"])
  })
  it("leaves out fields without a value", () => {
    assert.deepStrictEqual(fields([["a", 1], ["none", undefined], ["long", "x"]]), ["a     1", "long  x"])
  })
  it("says how long in the unit a person would use", () => {
    assert.deepStrictEqual([12, 1500, 61_000, 3_600_000].map(duration), ["12 ms", "1.5 s", "1 min 1 s", "60 min 0 s"])
  })
})
