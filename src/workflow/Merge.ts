/**
 * Several files as one, left to right: workflows replace by id, `phases` and `models` per key, agents field by field,
 * `tools_allowlist` unites, scalars last-wins. Ids and keys are the same whatever their case.
 */
import { type Entry, fieldOf, textOf, type YamlMap, type YamlTree } from "./YamlTree.ts"

export const sameId = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

export const idOf = (tree: YamlTree): string | undefined => textOf(fieldOf(tree, "id"))

const replaceById = (under: ReadonlyArray<YamlTree>, over: ReadonlyArray<YamlTree>): ReadonlyArray<YamlTree> => {
  const merged = [...under]
  for (const item of over) {
    const id = idOf(item)
    const place = id === undefined ? -1 : merged.findIndex((other) => sameId(idOf(other) ?? "", id))
    if (place < 0) merged.push(item)
    else merged[place] = item
  }
  return merged
}

const mergeEntries = (
  under: ReadonlyArray<Entry>,
  over: ReadonlyArray<Entry>,
  combine: (under: Entry, over: Entry) => Entry
): ReadonlyArray<Entry> => {
  const merged = [...under]
  for (const entry of over) {
    const place = merged.findIndex(({ key }) => sameId(key, entry.key))
    const before = merged[place]
    if (before === undefined) merged.push(entry)
    else merged[place] = combine(before, entry)
  }
  return merged
}

const later = (_: Entry, over: Entry): Entry => over

const fieldByField = (under: Entry, over: Entry): Entry =>
  under.value._tag === "Map" && over.value._tag === "Map"
    ? { ...over, value: { ...over.value, entries: mergeEntries(under.value.entries, over.value.entries, later) } }
    : over

const mergeSection = (under: Entry, over: Entry): Entry => {
  const [a, b] = [under.value, over.value]
  if (a._tag === "List" && b._tag === "List") {
    const items = over.key === "tools_allowlist" ? [...a.items, ...b.items] : replaceById(a.items, b.items)
    return { ...over, value: { ...b, items } }
  }
  if (a._tag === "Map" && b._tag === "Map" && over.key !== "daemon") {
    const entries = mergeEntries(a.entries, b.entries, over.key === "agents" ? fieldByField : later)
    return { ...over, value: { ...b, entries } }
  }
  return over
}

export const mergeFiles = (files: ReadonlyArray<YamlMap>): YamlMap =>
  files.reduce((under, over) => ({ ...over, entries: mergeEntries(under.entries, over.entries, mergeSection) }), {
    _tag: "Map",
    at: files[0]?.at ?? { file: "workflows.yaml", line: 1, column: 1 },
    entries: []
  })
