/** The phase list of a workflow: its several written forms read as one, other workflows spliced in where they are named. */
import { AuthoredEntry, AuthoredRule } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { idsOf, lookUp, type Table } from "./Table.ts"
import { entriesOf, entryOf, fieldOf, itemsOf, textOf, type YamlTree } from "./YamlTree.ts"

export type Listed =
  | { readonly _tag: "Phase"; readonly id: string; readonly entry: AuthoredEntry; readonly tree: YamlTree }
  | { readonly _tag: "Workflow"; readonly ref: string; readonly tree: YamlTree }
export type ListedPhase = Extract<Listed, { readonly _tag: "Phase" }>

const phase = (
  id: string,
  options: YamlTree | undefined,
  tree: YamlTree,
  findings: Findings
): ReadonlyArray<Listed> => {
  if (options === undefined) return [{ _tag: "Phase", id, entry: {}, tree }]
  const entry = findings.decode(AuthoredEntry, options)
  if (entry === undefined) return []
  findings.unread(options, ["id", ...Object.keys(AuthoredEntry.fields)])
  for (const { value } of entriesOf(fieldOf(options, "on_verdict"))) {
    findings.unread(value, Object.keys(AuthoredRule.fields))
  }
  return [{ _tag: "Phase", id, entry, tree: options }]
}

const shapes = "an entry is a phase id, {workflow_ref: id} or {phase-id: {options}}"

const readEntry = (tree: YamlTree, findings: Findings): ReadonlyArray<Listed> => {
  const bare = textOf(tree)
  if (bare !== undefined) return phase(bare, undefined, tree, findings)
  const [first, ...others] = entriesOf(tree)
  const ref = entryOf(tree, "workflow_ref")
  if (ref !== undefined) {
    for (const other of others.length === 0 ? [] : entriesOf(tree)) {
      if (other !== ref) findings.problem(other.at, `"${other.key}" cannot stand beside workflow_ref`)
    }
    const to = textOf(ref.value)
    if (to === undefined) findings.problem(ref.value.at, "workflow_ref should be text")
    return to === undefined ? [] : [{ _tag: "Workflow", ref: to, tree: ref.value }]
  }
  const id = textOf(fieldOf(tree, "id"))
  if (id !== undefined) return phase(id, tree, tree, findings)
  if (first === undefined || others.length > 0) {
    findings.problem(tree.at, "this entry of phases cannot be read", shapes)
    return []
  }
  if (first.value._tag === "Map") return phase(first.key, first.value, first.value, findings)
  if (first.value._tag === "Scalar" && first.value.value === null) {
    return phase(first.key, undefined, { ...first.value, at: first.at }, findings)
  }
  findings.problem(first.value.at, `the options of phase "${first.key}" are a map`, shapes)
  return []
}

export interface ListedWorkflow {
  readonly id: string
  readonly tree: YamlTree
  readonly listed: ReadonlyArray<Listed>
}

export const readEntries = (workflow: YamlTree, findings: Findings): ReadonlyArray<Listed> => {
  const phases = entryOf(workflow, "phases")
  if (phases !== undefined && phases.value._tag === "List") {
    return itemsOf(phases.value).flatMap((item) => readEntry(item, findings))
  }
  findings.problem(phases?.value.at ?? workflow.at, "phases should be a list of what the workflow goes through", shapes)
  return []
}

/** More phases than this are a loop or an accident; splices could otherwise double at every level. */
const longest = 500

/** The phases of a workflow, those of the workflows it names in their place. Each cycle is told once, where it closes. */
export const expander = (
  all: Table<ListedWorkflow>,
  findings: Findings
): (workflow: ListedWorkflow) => ReadonlyArray<ListedPhase> => {
  const known = new Map<ListedWorkflow, ReadonlyArray<ListedPhase>>()
  const open: Array<ListedWorkflow> = []

  const splice = (ref: string, tree: YamlTree): ReadonlyArray<ListedPhase> => {
    const named = lookUp(all, ref)
    if (named === undefined) findings.missing(tree.at, "workflow", ref, idsOf(all))
    if (named?.value === undefined) return []
    if (!open.includes(named.value)) return expand(named.value)
    const loop = [...open.slice(open.indexOf(named.value)), named.value].map(({ id }) => id)
    findings.problem(tree.at, `workflow "${named.id}" would contain itself`, loop.join(" -> "))
    return []
  }
  const expand = (workflow: ListedWorkflow): ReadonlyArray<ListedPhase> => {
    const before = known.get(workflow)
    if (before !== undefined) return before
    open.push(workflow)
    const phases = workflow.listed.flatMap((item) => item._tag === "Phase" ? [item] : splice(item.ref, item.tree))
    open.pop()
    const tooMany = phases.length > longest
    if (tooMany) findings.problem(workflow.tree.at, `workflow "${workflow.id}" has more than ${longest} phases`)
    known.set(workflow, tooMany ? [] : phases)
    return tooMany ? [] : phases
  }
  return expand
}
