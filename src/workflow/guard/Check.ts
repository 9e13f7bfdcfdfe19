/** A guard as an author wrote it, made ready to be pinned: words that are texts quoted, phases spelled as they are defined, and what can never match told. */
import { Result } from "effect"
import type { Guard } from "../../../schemas/Workflow.ts"
import { suggest } from "../Suggest.ts"
import { type Expression, print, printPath } from "./Expression.ts"
import { bareWord, parse } from "./Parse.ts"
import type { GuardFault } from "./Tokens.ts"

export interface GuardScope {
  readonly phases: ReadonlyArray<string>
  readonly variables: ReadonlyArray<string>
}

export interface CheckedGuard {
  readonly guard: Guard
  readonly warnings: ReadonlyArray<GuardFault>
}

/** Fields of the older language, which stand alone. */
const bareFields = ["subject_kind", "subject_id", "task_type", "priority", "status"]

const subjectFields = [
  "kind",
  "id",
  "title",
  "status",
  "native_status",
  "priority",
  "labels",
  "assignee",
  "parent",
  "custom"
]
const decisionFields = ["verdict", "confidence", "risk", "reason", "source"]

const roots = [
  ...bareFields,
  "attempt",
  ...subjectFields.map((field) => `subject.${field}`),
  ...decisionFields.map((field) => `decision.${field}`),
  "vars",
  "input",
  "reworks"
]

const sameName = (left: string, right: string) => left.toLowerCase() === right.toLowerCase()

/** What the author may have meant: of fields with dots, the last part alone counts as near, too. */
const nearest = (path: ReadonlyArray<string>): string => {
  const written = printPath(path)
  const last = path.at(-1) ?? ""
  const same = roots.find((root) => root.includes(".") && sameName(root.split(".")[1] ?? "", last))
  return same === undefined ? suggest(written, roots) ?? "" : `did you mean "${same}"?`
}

type Warn = (fault: GuardFault) => void

const never = (path: ReadonlyArray<string>) => `"${printPath(path)}" is not a field of conditions: this never matches`

const checkNamed = (
  path: ReadonlyArray<string>,
  at: number,
  { phases, variables }: GuardScope,
  warn: Warn
): ReadonlyArray<string> => {
  const [root = "", name, ...rest] = path
  if (root === "input") return path
  const hint = (known: ReadonlyArray<string>) => suggest(name ?? "", known) ?? ""
  if (name === undefined || rest.length > 0) {
    warn({ at, message: never(path), hint: `write ${root}.<name>` })
    return path
  }
  if (root === "vars") {
    if (!variables.includes(name)) {
      const given = hint(variables)
      warn({
        at,
        message: `this workflow declares no variable "${name}"`,
        hint: given === "" ? "declare it under variables:" : given
      })
    }
    return path
  }
  const phase = phases.find((id) => sameName(id, name))
  if (phase === undefined) warn({ at, message: `no phase of this workflow is named "${name}"`, hint: hint(phases) })
  return [root, phase ?? name]
}

const isKnown = (path: ReadonlyArray<string>): boolean => {
  const [root = "", field = "", ...rest] = path
  if (path.length === 1) return bareFields.includes(root) || root === "attempt"
  if (root === "subject" && field === "custom") return rest.length > 0
  if (rest.length > 0) return false
  return root === "subject" ? subjectFields.includes(field) : root === "decision" && decisionFields.includes(field)
}

const checkPath = (path: ReadonlyArray<string>, at: number, scope: GuardScope, warn: Warn): ReadonlyArray<string> => {
  if (["vars", "input", "reworks"].includes(path[0] ?? "")) return checkNamed(path, at, scope, warn)
  if (!isKnown(path)) warn({ at, message: never(path), hint: nearest(path) })
  return path
}

/** `status == done`: the older language took a word without quotes for a text. */
const asText = (expression: Expression, warn: Warn): Expression => {
  const word = bareWord(expression)
  if (word === undefined || bareFields.includes(word) || word === "attempt" || word === "input") return expression
  warn({ at: expression.at, message: `"${word}" is taken for a text`, hint: `write '${word}'` })
  return { _tag: "Literal", value: word, at: expression.at }
}

const isLabels = (expression: Expression) =>
  expression._tag === "List" || (expression._tag === "Path" && printPath(expression.path) === "subject.labels")

const checkCompare = (expression: Extract<Expression, { readonly _tag: "Compare" }>, warn: Warn): void => {
  const { at, left, operator, right } = expression
  if (isLabels(left) || (operator !== "in" && isLabels(right))) {
    warn({ at, message: "a list does not compare: this never matches", hint: "write 'label' in subject.labels" })
  } else if (operator === "in" && right._tag === "Literal") {
    warn({ at: right.at, message: "in asks a list: this never matches", hint: "write [ ] around the values" })
  }
}

const check = (expression: Expression, scope: GuardScope, warn: Warn): Expression => {
  switch (expression._tag) {
    case "Literal":
    case "List":
      return expression
    case "Path":
      return { ...expression, path: checkPath(expression.path, expression.at, scope, warn) }
    case "Not":
      return { ...expression, of: check(expression.of, scope, warn) }
    case "Compare": {
      checkCompare(expression, warn)
      const right = asText(expression.right, warn)
      return { ...expression, left: check(expression.left, scope, warn), right: check(right, scope, warn) }
    }
    case "And":
    case "Or":
      return {
        ...expression,
        left: check(expression.left, scope, warn),
        right: check(expression.right, scope, warn)
      }
  }
}

/** The form that releases before this one can read, where it says the same. */
const toPinned = (expression: Expression): Guard => {
  if (expression._tag !== "Compare") return print(expression)
  const { left, operator, right } = expression
  const field = bareWord(left)
  const plain = (operator === "==" || operator === "!=") && right._tag === "Literal" && typeof right.value === "string"
  return plain && field !== undefined && bareFields.includes(field)
    ? { field, operator, value: right.value }
    : print(expression)
}

export const checkGuard = (text: string, scope: GuardScope): Result.Result<CheckedGuard, GuardFault> =>
  Result.map(parse(text), (expression) => {
    const warnings: Array<GuardFault> = []
    const guard = toPinned(check(expression, scope, (fault) => void warnings.push(fault)))
    return { guard, warnings }
  })
