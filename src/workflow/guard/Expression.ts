/** What a guard says, as a tree, and as text again. */

export type Scalar = string | number | boolean
export const comparisons = ["==", "!=", "<=", ">=", "<", ">", "in"] as const
export type Comparison = (typeof comparisons)[number]

/** `at` counts the characters of the guard's text from 0. */
export type Expression =
  | { readonly _tag: "Literal"; readonly value: Scalar; readonly at: number }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Scalar>; readonly at: number }
  | { readonly _tag: "Path"; readonly path: ReadonlyArray<string>; readonly at: number }
  | { readonly _tag: "Not"; readonly of: Expression; readonly at: number }
  | {
    readonly _tag: "Compare"
    readonly operator: Comparison
    readonly left: Expression
    readonly right: Expression
    readonly at: number
  }
  | { readonly _tag: "And" | "Or"; readonly left: Expression; readonly right: Expression; readonly at: number }

const plainName = /^[A-Za-z_][A-Za-z0-9_-]*$/

/** What the grammar reads as something else than a name. */
export const isWord = (text: string): boolean => text === "in" || text === "true" || text === "false"

export const isName = (text: string): boolean => plainName.test(text) && !isWord(text)

const quoted = (text: string): string => text.includes("'") ? `"${text}"` : `'${text}'`

const printScalar = (value: Scalar): string => typeof value === "string" ? quoted(value) : String(value)

export const printPath = ([first = "", ...rest]: ReadonlyArray<string>): string =>
  rest.reduce((text, name) => text + (plainName.test(name) ? `.${name}` : `[${quoted(name)}]`), first)

const strength: { readonly [K in Expression["_tag"]]: number } = {
  Or: 0,
  And: 1,
  Compare: 2,
  Not: 3,
  Literal: 4,
  List: 4,
  Path: 4
}

/** Parentheses stand only where the tree would be another one without them. */
export const print = (expression: Expression): string => {
  const inside = (part: Expression, least: number) => strength[part._tag] < least ? `(${print(part)})` : print(part)
  switch (expression._tag) {
    case "Literal":
      return printScalar(expression.value)
    case "List":
      return `[${expression.items.map(printScalar).join(", ")}]`
    case "Path":
      return printPath(expression.path)
    case "Not":
      return `!${inside(expression.of, 3)}`
    case "Compare":
      return `${inside(expression.left, 3)} ${expression.operator} ${inside(expression.right, 3)}`
    case "And":
      return `${inside(expression.left, 1)} && ${inside(expression.right, 2)}`
    case "Or":
      return `${inside(expression.left, 0)} || ${inside(expression.right, 1)}`
  }
}
