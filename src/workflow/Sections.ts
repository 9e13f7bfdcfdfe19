/** One file by itself: are its sections of the right kind, are its ids its own, which of its keys mean nothing here. */
import type { WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import { compiledKeys, keptKeys } from "../../schemas/WorkflowYaml.ts"
import { idOf, sameId } from "./Merge.ts"
import { own } from "./Own.ts"
import { suggest } from "./Suggest.ts"
import {
  entriesOf,
  type Entry,
  entryOf,
  fieldOf,
  isNull,
  itemsOf,
  type Place,
  problem,
  type YamlMap,
  type YamlTree
} from "./YamlTree.ts"

export interface CheckedFile {
  /** What can be merged: sections of the wrong kind and null ones are left out. */
  readonly sections: YamlMap | undefined
  readonly problems: ReadonlyArray<WorkflowProblem>
  readonly warnings: ReadonlyArray<WorkflowProblem>
}

const kinds: { readonly [key: string]: YamlTree["_tag"] } = {
  default_workflow_ref: "Scalar",
  workflows: "List",
  schedules: "List",
  triggers: "List",
  tools_allowlist: "List",
  phases: "Map",
  agents: "Map",
  models: "Map",
  secrets: "Map",
  mcp_servers: "Map",
  phase_mcp_bindings: "Map",
  daemon: "Map"
}
const words: { readonly [K in YamlTree["_tag"]]: string } = { Scalar: "a text", List: "a list", Map: "a map" }

const kindOf = (key: string): string => words[own(kinds, key) ?? "Map"]

/** A file may hold one bare workflow instead of sections. */
const normalize = (tree: YamlMap): YamlMap =>
  entryOf(tree, "id") !== undefined && fieldOf(tree, "phases")?._tag === "List"
    ? { ...tree, entries: [{ key: "workflows", at: tree.at, value: { _tag: "List", at: tree.at, items: [tree] } }] }
    : tree

const repeated = (names: ReadonlyArray<{ readonly name: string; readonly at: Place }>, what: string) =>
  names.flatMap(({ at, name }, index) => {
    const first = names.slice(0, index).find((other) => sameId(other.name, name))
    return first === undefined
      ? []
      : [problem(at, `${what} "${name}" is defined twice`, `first on line ${first.at.line}`)]
  })

/** Only a later file may replace; within one file a repeated id is a mistake. */
const duplicates = (tree: YamlMap): ReadonlyArray<WorkflowProblem> => [
  ...["workflows", "schedules", "triggers"].flatMap((section) => {
    const named = itemsOf(fieldOf(tree, section)).flatMap((item) => {
      const name = idOf(item)
      return name === undefined ? [] : [{ name, at: item.at }]
    })
    return repeated(named, section.slice(0, -1))
  }),
  ...["phases", "agents", "models", "secrets"].flatMap((section) =>
    repeated(entriesOf(fieldOf(tree, section)).map(({ at, key }) => ({ name: key, at })), section.slice(0, -1))
  )
]

const unknown = ({ at, key }: Entry): WorkflowProblem =>
  (keptKeys as ReadonlyArray<string>).includes(key)
    ? problem(at, `"${key}" is read past: this release does not act on it`)
    : problem(
      at,
      `"${key}" is not a key of workflow files and has no effect`,
      suggest(key, [...compiledKeys, ...keptKeys])
    )

export const checkFile = (root: YamlTree): CheckedFile => {
  if (root._tag !== "Map") {
    const problems = isNull(root)
      ? []
      : [problem(root.at, `a workflow file is a map of sections, not ${words[root._tag]}`)]
    return { sections: undefined, problems, warnings: [] }
  }
  const tree = normalize(root)
  const given = tree.entries.filter(({ value }) => !isNull(value))
  const wrong = given.filter(({ key, value }) => (own(kinds, key) ?? value._tag) !== value._tag)
  const sections = { ...tree, entries: given.filter((entry) => !wrong.includes(entry)) }
  return {
    sections,
    problems: [
      ...wrong.map(({ key, value }) => problem(value.at, `${key} is ${kindOf(key)}, not ${words[value._tag]}`)),
      ...duplicates(sections)
    ],
    warnings: given.filter(({ key }) => !(compiledKeys as ReadonlyArray<string>).includes(key)).map(unknown)
  }
}
