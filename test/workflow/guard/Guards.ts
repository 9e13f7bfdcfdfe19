/** Random conditions, for every test that wants some. */
import * as fc from "fast-check"
import { comparisons, type Expression } from "../../../src/workflow/guard/Expression.ts"

const word = fc.constantFrom("kind", "id", "x", "due-date", "in", "true", "a_b", "priority")
const textless = fc.string({ maxLength: 6 }).filter((text) => !(text.includes("'") && text.includes("\"")))
const scalar = fc.oneof(
  textless,
  fc.boolean(),
  fc.integer({ min: -99, max: 99 }),
  fc.integer({ min: -999, max: 999 }).map((n) => n / 10)
)

const path = fc.tuple(
  fc.constantFrom("subject", "vars", "input", "decision", "attempt", "reworks", "status", "nothing"),
  fc.array(fc.oneof(word, textless), { maxLength: 3 })
).map(([first, rest]): Expression => ({ _tag: "Path", path: [first, ...rest], at: 0 }))

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  scalar.map((value): Expression => ({ _tag: "Literal", value, at: 0 })),
  fc.array(scalar, { maxLength: 3 }).map((items): Expression => ({ _tag: "List", items, at: 0 })),
  path
)

export const expressions: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    tie("node").map((of): Expression => ({ _tag: "Not", of, at: 0 })),
    fc.tuple(tie("node"), fc.constantFrom(...comparisons), tie("node")).map(([left, operator, right]): Expression => ({
      _tag: "Compare",
      operator,
      left,
      right,
      at: 0
    })),
    fc.tuple(tie("node"), fc.constantFrom("And" as const, "Or" as const), tie("node")).map((
      [left, _tag, right]
    ): Expression => ({ _tag, left, right, at: 0 }))
  )
})).node

/** The tree without the places of its parts. */
export const shape = (expression: Expression): unknown =>
  JSON.parse(JSON.stringify(expression, (key, value) => key === "at" ? undefined : value))
