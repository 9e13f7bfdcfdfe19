/** A YAML value that remembers where each of its parts was written, so that a mistake found late still has a place. */
import type { WorkflowProblem } from "../../schemas/errors/RunErrors.ts"

/** Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Entry {
  readonly key: string
  readonly at: Place
  readonly value: YamlTree
}

export interface YamlScalar {
  readonly _tag: "Scalar"
  readonly at: Place
  readonly value: string | number | boolean | null
  /** As it is written, quotes and all; of texts that were read from a file. */
  readonly source?: string
}
export interface YamlList {
  readonly _tag: "List"
  readonly at: Place
  readonly items: ReadonlyArray<YamlTree>
}
export interface YamlMap {
  readonly _tag: "Map"
  readonly at: Place
  readonly entries: ReadonlyArray<Entry>
}
export type YamlTree = YamlScalar | YamlList | YamlMap

export const problem = (at: Place, message: string, hint?: string): WorkflowProblem => ({
  ...at,
  message,
  ...(hint === undefined ? {} : { hint })
})

export const entryOf = (tree: YamlTree | undefined, key: string): Entry | undefined =>
  tree?._tag === "Map" ? tree.entries.find((entry) => entry.key === key) : undefined

export const fieldOf = (tree: YamlTree | undefined, key: string): YamlTree | undefined => entryOf(tree, key)?.value

/** A key without a value is as good as no key. */
export const isNull = (tree: YamlTree): boolean => tree._tag === "Scalar" && tree.value === null

export const textOf = (tree: YamlTree | undefined): string | undefined =>
  tree?._tag === "Scalar" && tree.value !== null ? String(tree.value) : undefined

export const entriesOf = (tree: YamlTree | undefined): ReadonlyArray<Entry> => tree?._tag === "Map" ? tree.entries : []
export const itemsOf = (tree: YamlTree | undefined): ReadonlyArray<YamlTree> => tree?._tag === "List" ? tree.items : []

/** Where the value under `path` stands, or as much of the path as there is. */
export const placeOf = (tree: YamlTree, path: ReadonlyArray<PropertyKey>): Place => {
  let here: YamlTree = tree
  for (const step of path) {
    const next = here._tag === "List" ? here.items[Number(step)] : fieldOf(here, String(step))
    if (next === undefined) return here.at
    here = next
  }
  return here.at
}

/** As a plain value. Keys without a value are left out, and no key can reach a prototype. */
export const toValue = (tree: YamlTree): unknown => {
  if (tree._tag === "Scalar") return tree.value
  if (tree._tag === "List") return tree.items.map(toValue)
  const value: Record<string, unknown> = Object.create(null)
  for (const entry of tree.entries) if (!isNull(entry.value)) value[entry.key] = toValue(entry.value)
  return value
}
