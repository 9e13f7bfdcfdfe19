/** One YAML file as a tree with places. Every syntax error and every variable that cannot be resolved is found, not the first. */
import { Result } from "effect"
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml"
import type { Scalar, YAMLMap, YAMLSeq } from "yaml"
import type { WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import { interpolate, looksSecret, type Lookup, pin, referencedNames, secretNames } from "./Interpolate.ts"
import { type Entry, type Place, problem, type YamlScalar, type YamlTree } from "./YamlTree.ts"

export interface ParsedFile {
  readonly tree: YamlTree | undefined
  /** False when the file cannot be read as YAML: what it defines is then unknown. */
  readonly whole: boolean
  readonly problems: ReadonlyArray<WorkflowProblem>
  readonly warnings: ReadonlyArray<WorkflowProblem>
}

/** Aliases may repeat a part, not blow the file up: this many values at most when all are written out. */
const largest = 100_000

/**
 * In an env block references stay, for the moment a process is started, and it is only checked that they can be resolved;
 * of arguments the secrets stay; in any other text there may be none.
 */
type Within = "env" | "args" | "text"

const argumentKeys: ReadonlySet<string> = new Set(["args", "resume_args", "extra_args"])

const withinOf = (key: string, value: unknown): Within | undefined => {
  if (key === "env" && isMap(value)) return "env"
  return argumentKeys.has(key) && isSeq(value) ? "args" : undefined
}

class Reader {
  readonly problems: Array<WorkflowProblem> = []
  readonly warnings: Array<WorkflowProblem> = []
  readonly lines = new LineCounter()
  private readonly anchors = new Map<string, YamlTree>()
  private readonly sizes = new WeakMap<YamlTree, number>()
  private readonly file: string
  private readonly whole: string
  private readonly lookup: Lookup

  constructor(file: string, whole: string, lookup: Lookup) {
    this.file = file
    this.whole = whole
    this.lookup = lookup
  }

  at(offset: number | undefined): Place {
    const { col, line } = this.lines.linePos(offset ?? 0)
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) }
  }

  read(node: unknown, within: Within, fallback: Place): YamlTree {
    if (isAlias(node)) return this.alias(node.source, this.at(node.range?.[0]))
    const tree = isMap(node)
      ? this.map(node, within)
      : isSeq(node)
      ? this.list(node, within)
      : isScalar(node)
      ? this.scalar(node, within)
      : { _tag: "Scalar" as const, at: fallback, value: null }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) this.anchors.set(node.anchor, tree)
    return tree
  }

  private alias(name: string, at: Place): YamlTree {
    const tree = this.anchors.get(name)
    if (tree !== undefined) return this.sized({ ...tree, at }, this.sizes.get(tree) ?? 1)
    this.problems.push(problem(at, `alias *${name} stands for nothing that is complete before it`))
    return { _tag: "Scalar", at, value: null }
  }

  private sized(tree: YamlTree, size: number): YamlTree {
    if (size > largest) {
      this.problems.push(problem(tree.at, `aliases make this more than ${largest} values large`))
      return { _tag: "Scalar", at: tree.at, value: null }
    }
    this.sizes.set(tree, size)
    return tree
  }

  private sum(trees: ReadonlyArray<YamlTree>): number {
    return trees.reduce((total, tree) => total + (this.sizes.get(tree) ?? 1), 1)
  }

  private list(node: YAMLSeq, within: Within): YamlTree {
    const at = this.at(node.range?.[0])
    const items = node.items.map((item) => this.read(item, within, at))
    return this.sized({ _tag: "List", at, items }, this.sum(items))
  }

  private map(node: YAMLMap, within: Within): YamlTree {
    const at = this.at(node.range?.[0])
    const own: Array<Entry> = []
    const merged: Array<Entry> = []
    for (const pair of node.items) {
      if (!isScalar(pair.key)) {
        this.problems.push(problem(at, "a key of this map is not plain text"))
        continue
      }
      const keyAt = this.at(pair.key.range?.[0])
      const key = String(pair.key.value)
      const value = this.read(pair.value, withinOf(key, pair.value) ?? within, keyAt)
      if (key !== "<<") own.push({ key, at: keyAt, value })
      else {merged.push(...(value._tag === "List" ? value.items : [value]).flatMap((tree) =>
          tree._tag === "Map" ? tree.entries : []
        ))}
    }
    const entries = [...own]
    for (const entry of merged) if (!entries.some(({ key }) => key === entry.key)) entries.push(entry)
    return this.sized({ _tag: "Map", at, entries }, this.sum(entries.map(({ value }) => value)))
  }

  private scalar(node: Scalar, within: Within): YamlScalar {
    const at = this.at(node.range?.[0])
    const { value } = node
    if (typeof value === "string") {
      const [start = 0, end = 0] = node.range ?? []
      return { _tag: "Scalar", at, value: this.text(value, within, at), source: this.whole.slice(start, end) }
    }
    if (value === null || typeof value === "boolean") return { _tag: "Scalar", at, value }
    const exact = typeof value === "number" && String(value) === node.source
    return { _tag: "Scalar", at, value: exact ? value : node.source ?? String(value) }
  }

  private text(text: string, within: Within, at: Place): string {
    if (!text.includes("$")) return text
    const named = secretNames(text)
    if (named.length > 0 && within === "text") {
      this.problems.push(
        problem(at, `secret "${named[0]}" would be kept here`, "a secret is referred to in env and in args only")
      )
      return text
    }
    const resolved = within === "env" ? interpolate(text, this.lookup, () => "") : pin(text, this.lookup)
    if (Result.isFailure(resolved)) {
      for (const message of resolved.failure) {
        this.problems.push(
          problem(at, message, "set it, give a default with ${NAME:-default}, or write $$ for a dollar sign")
        )
      }
      return text
    }
    if (within === "env") return text
    for (const name of referencedNames(text).filter(looksSecret)) {
      this.warnings.push(
        problem(at, `the value of \${${name}} would be kept in the journal of every run`, "refer to it under env: only")
      )
    }
    return resolved.success
  }
}

const syntaxProblem = (at: Place, message: string, text: string): WorkflowProblem =>
  text.split("\n")[at.line - 1]?.includes("${") === true
    ? problem(at, message, "inside [ ] and { } a ${NAME} is written in quotes")
    : problem(at, message)

/** What the parser stumbles over twice at one place is one mistake of the author. */
const firstOfEachPlace = (problems: ReadonlyArray<WorkflowProblem>): ReadonlyArray<WorkflowProblem> =>
  problems.filter(({ column, line }, at) =>
    at === problems.findIndex((other) => other.line === line && other.column === column)
  )

export const parseYaml = (file: string, text: string, lookup: Lookup): ParsedFile => {
  const reader = new Reader(file, text, lookup)
  const parsed = Result.try(() => {
    const document = parseDocument(text, { lineCounter: reader.lines, prettyErrors: false, logLevel: "error" })
    const syntax = firstOfEachPlace(
      document.errors.map((error) => syntaxProblem(reader.at(error.pos[0]), error.message, text))
    )
    const tree = document.contents === null ? undefined : reader.read(document.contents, "text", reader.at(0))
    return { syntax, tree }
  })
  if (Result.isFailure(parsed)) {
    const nested = problem(reader.at(0), "this file is nested too deeply to be read")
    return { tree: undefined, whole: false, problems: [nested], warnings: [] }
  }
  const { syntax, tree } = parsed.success
  const whole = syntax.length === 0
  return {
    tree: whole ? tree : undefined,
    whole,
    problems: whole ? reader.problems : syntax,
    warnings: whole ? reader.warnings : []
  }
}
