/** What a compilation finds wrong, gathered while it goes on: one mistake never hides the next. */
import { Result, Schema, SchemaIssue } from "effect"
import type { WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import { suggest } from "./Suggest.ts"
import { entriesOf, type Place, placeOf, problem, toValue, type YamlTree } from "./YamlTree.ts"

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey =>
  typeof segment === "object" ? segment.key : segment

const wordsOf = (message: string, path: ReadonlyArray<PropertyKey>): string => {
  const name = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("").replace(
    /^\./,
    ""
  )
  if (message === "Missing key") return `${name} is missing`
  const expected = message.replace(/^Expected /, "").replaceAll(" | ", " or ")
  return `${name === "" ? "this" : name} should be ${expected}`
}

/** A list is left out whole: without one of its items the places of the others would be wrong. */
const without = (value: unknown, [key, ...path]: ReadonlyArray<PropertyKey>): unknown => {
  if (key === undefined || typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => {
      const kept = name === key ? without(part, path) : part
      return kept === undefined ? [] : [[name, kept]]
    })
  )
}

const once = (problems: ReadonlyArray<WorkflowProblem>): ReadonlyArray<WorkflowProblem> => [
  ...new Map(problems.map((one) => [JSON.stringify([one.file, one.line, one.column, one.message]), one])).values()
]

export class Findings {
  private readonly found: Array<WorkflowProblem> = []
  private readonly dangling: Array<WorkflowProblem> = []
  private readonly doubtful: Array<WorkflowProblem> = []

  problem(at: Place, message: string, hint?: string): undefined {
    this.found.push(problem(at, message, hint))
  }

  /** Something that is referred to and is not there; not held against the author while a file could not be read. */
  missing(at: Place, what: string, written: string, known: ReadonlyArray<string>): undefined {
    this.dangling.push(problem(at, `no ${what} is named "${written}"`, suggest(written, known)))
  }

  warn(at: Place, message: string, hint?: string): void {
    this.doubtful.push(problem(at, message, hint))
  }

  /** In the order of files, lines and columns; the same thing found on two ways is told once. */
  problems(everyFileRead: boolean): ReadonlyArray<WorkflowProblem> {
    const all = everyFileRead ? [...this.found, ...this.dangling] : this.found
    return inOrder(once(all))
  }

  get warnings(): ReadonlyArray<WorkflowProblem> {
    return once(this.doubtful)
  }

  /** What is wrong is told and left out; undefined when without it nothing is left to go on with. */
  decode<A>(schema: Schema.Decoder<A>, tree: YamlTree): A | undefined {
    const read = Schema.decodeUnknownResult(schema, { errors: "all" })
    const value = toValue(tree)
    const decoded = read(value)
    if (Result.isSuccess(decoded)) return decoded.success
    const wrong = format(decoded.failure.issue).issues.map(({ message, path = [] }) => ({
      message,
      path: path.map(keyOf)
    }))
    for (const { message, path } of wrong) this.problem(placeOf(tree, path), wordsOf(message, path))
    return Result.getOrUndefined(read(wrong.reduce((rest, { path }) => without(rest, path), value)))
  }

  /** Keys that nothing reads are most often slips, or rules that would not be kept: the author is told. */
  unread(tree: YamlTree | undefined, known: ReadonlyArray<string>): void {
    for (const { at, key } of entriesOf(tree)) {
      if (!known.includes(key)) this.warn(at, `"${key}" has no effect in this release`, suggest(key, known))
    }
  }
}

export const inOrder = (problems: ReadonlyArray<WorkflowProblem>): ReadonlyArray<WorkflowProblem> =>
  problems.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
