/** Several parts as one: their methods side by side. Two parts that serve the same method are a mistake in the program. */
import { Effect } from "effect"
import type { Methods, Part } from "./Part.ts"

type Table<V> = Readonly<Record<string, V>>

const side = <V>(tables: ReadonlyArray<Table<V>>): Table<V> => {
  const all: Record<string, V> = {}
  for (const table of tables) {
    for (const [name, value] of Object.entries(table)) {
      if (Object.hasOwn(all, name)) throw new Error(`two parts of the plugin serve ${name}`)
      all[name] = value
    }
  }
  return all
}

const union = (parts: ReadonlyArray<Part>, key: "capabilities" | "declines" | "detached" | "kinds") => [
  ...new Set(parts.flatMap((part) => part[key] ?? []))
]

const merge = (opened: ReadonlyArray<Methods>): Methods => {
  const health = opened.find((methods) => methods.health !== undefined)?.health
  return {
    requests: side(opened.map(({ requests }) => requests)),
    notifications: side(opened.map(({ notifications }) => notifications ?? {})),
    ...(health === undefined ? {} : { health })
  }
}

export const together = (parts: ReadonlyArray<Part>): Part => {
  const kinds = union(parts, "kinds")
  const tools = parts.flatMap((part) => part.tools ?? [])
  const kindCapabilities = side(parts.map((part) => part.kindCapabilities ?? {}))
  return {
    capabilities: union(parts, "capabilities"),
    ...(kinds.length === 0 ? {} : { kinds }),
    streaming: parts.some(({ streaming }) => streaming === true),
    declines: union(parts, "declines"),
    detached: union(parts, "detached"),
    needsProject: parts.some(({ needsProject }) => needsProject === true),
    ...(tools.length === 0 ? {} : { tools }),
    ...(Object.keys(kindCapabilities).length === 0 ? {} : { kindCapabilities }),
    open: (host) => Effect.map(Effect.forEach(parts, (part) => part.open(host)), merge)
  }
}
