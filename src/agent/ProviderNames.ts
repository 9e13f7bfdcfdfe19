/** Which provider plugin serves a tool. Pure. */
import { providerToolsOf } from "../../schemas/PluginManifest.ts"
import type { InstalledPlugin } from "../plugin/PluginCatalog.ts"

const prefix = "animus-provider-"

/** Names that earlier releases used. */
const aliases: ReadonlyMap<string, string> = new Map([["oai-runner", "oai"], ["animus-oai-runner", "oai"]])

export const canonicalTool = (tool: string): string => {
  const name = tool.trim().toLowerCase()
  return aliases.get(name) ?? name
}

const toolsOf = ({ manifest, name }: InstalledPlugin): ReadonlyArray<string> =>
  [
    ...providerToolsOf(manifest),
    ...(name.startsWith(prefix) ? [name.slice(prefix.length)] : [])
  ].map(canonicalTool)

/** By the plugin's name, exactly or after the prefix; else by the tool that its manifest claims. */
export const providerOf = (plugins: ReadonlyArray<InstalledPlugin>, tool: string): InstalledPlugin | undefined => {
  const wanted = canonicalTool(tool)
  return plugins.find(({ name }) => name === tool || name === prefix + wanted) ??
    plugins.find((plugin) => toolsOf(plugin).includes(wanted))
}

export const knownTools = (plugins: ReadonlyArray<InstalledPlugin>): ReadonlyArray<string> =>
  [...new Set(plugins.flatMap((plugin) => toolsOf(plugin).slice(0, 1)))].toSorted()
