/**
 * Whether a guard holds. Pure and total: what cannot be said (a field that is not there, values that do not compare) is
 * neither true nor false, and only what is certainly true holds. So a field that is not known never matches, not even
 * with `!=` or `!`.
 */
import { Result } from "effect"
import { priorityWords } from "../../../schemas/Subject.ts"
import type { Guard } from "../../../schemas/Workflow.ts"
import { type Comparison, type Expression, print, type Scalar } from "./Expression.ts"
import { parse } from "./Parse.ts"

export interface Facts {
  readonly [name: string]: unknown
}

type Value = Scalar | ReadonlyArray<Scalar> | undefined

const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))

const valueOf = (value: unknown): Value =>
  isScalar(value) ? value : Array.isArray(value) && value.every(isScalar) ? value : undefined

const find = (facts: Facts, path: ReadonlyArray<string>): Value => {
  let here: unknown = facts
  for (const step of path) {
    if (typeof here !== "object" || here === null || Array.isArray(here) || !Object.hasOwn(here, step)) return undefined
    here = Reflect.get(here, step)
  }
  return valueOf(here)
}

const numberOf = (value: Scalar): number | undefined => {
  if (typeof value === "number") return value
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}

/** Variables are texts: 1 and '1.0' are one number, true and 'true' are one answer. */
const same = (left: Scalar, right: Scalar): boolean => {
  if (String(left) === String(right)) return true
  const [a, b] = [numberOf(left), numberOf(right)]
  return a !== undefined && a === b && (typeof left === "number" || typeof right === "number")
}

const risks = ["low", "medium", "high"]

/** Numbers by size, risks by what they mean, other texts by their letters. */
const order = (left: Scalar, right: Scalar): number | undefined => {
  const [a, b] = [numberOf(left), numberOf(right)]
  if (a !== undefined && b !== undefined) return a - b
  if (typeof left !== "string" || typeof right !== "string" || a !== undefined || b !== undefined) return undefined
  const [low, high] = [risks.indexOf(left), risks.indexOf(right)]
  if (low >= 0 && high >= 0) return low - high
  return left === right ? 0 : left < right ? -1 : 1
}

const ordered = (operator: Comparison, sign: number): boolean => {
  switch (operator) {
    case "<":
      return sign < 0
    case "<=":
      return sign <= 0
    case ">":
      return sign > 0
    default:
      return sign >= 0
  }
}

const isList = (value: Value): value is ReadonlyArray<Scalar> => Array.isArray(value)

const compare = (operator: Comparison, left: Value, right: Value): boolean | undefined => {
  if (left === undefined || right === undefined || isList(left)) return undefined
  if (operator === "in") return isList(right) ? right.some((item) => same(left, item)) : undefined
  if (isList(right)) return undefined
  if (operator === "==" || operator === "!=") return same(left, right) === (operator === "==")
  const sign = order(left, right)
  return sign === undefined ? undefined : ordered(operator, sign)
}

const isPriority = (expression: Expression): boolean =>
  expression._tag === "Path" && ["priority", "subject.priority"].includes(expression.path.join("."))

const ranked = (value: Scalar): Scalar => {
  const rank = typeof value === "string" ? priorityWords.findIndex((word) => word === value.toLowerCase()) : -1
  return rank < 0 ? value : rank
}

/** A priority that is a number may be asked for by its word. */
const against = (asked: Expression, of: Value, value: Value): Value => {
  if (typeof of !== "number" || value === undefined || !isPriority(asked)) return value
  return isList(value) ? value.map(ranked) : ranked(value)
}

const truth = (value: Value): boolean | undefined =>
  value === true || value === "true" ? true : value === false || value === "false" ? false : undefined

const evaluate = (expression: Expression, facts: Facts): Value => {
  switch (expression._tag) {
    case "Literal":
      return expression.value
    case "List":
      return expression.items
    case "Path":
      return find(facts, expression.path)
    case "Compare": {
      const [left, right] = [evaluate(expression.left, facts), evaluate(expression.right, facts)]
      return compare(
        expression.operator,
        against(expression.right, right, left),
        against(expression.left, left, right)
      )
    }
    case "Not": {
      const of = truth(evaluate(expression.of, facts))
      return of === undefined ? undefined : !of
    }
    case "And":
    case "Or": {
      const decides = expression._tag === "Or"
      const left = truth(evaluate(expression.left, facts))
      if (left === decides) return left
      const right = truth(evaluate(expression.right, facts))
      return right === decides ? right : left === undefined ? undefined : right
    }
  }
}

export const holds = (expression: Expression, facts: Facts): boolean => truth(evaluate(expression, facts)) === true

/** The older form knew bare fields only: a dot in its field is part of a name that nothing has. */
const fromPinned = (guard: Guard): Expression | undefined => {
  if (typeof guard === "string") return Result.getOrUndefined(parse(guard))
  const { field, operator, value } = guard
  return {
    _tag: "Compare",
    operator,
    left: { _tag: "Path", path: [field], at: 0 },
    right: { _tag: "Literal", value, at: 0 },
    at: 0
  }
}

/** A guard of a pinned definition; one that cannot be read never holds. */
export const guardHolds = (guard: Guard, facts: Facts): boolean => {
  const expression = fromPinned(guard)
  return expression !== undefined && holds(expression, facts)
}

export const printGuard = (guard: Guard): string => {
  const expression = fromPinned(guard)
  return expression === undefined ? String(guard) : print(expression)
}
