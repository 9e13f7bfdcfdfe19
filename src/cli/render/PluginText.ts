/** Installed plugins in words. */
import type { PluginInfo } from "../../../schemas/control/PluginRpcs.ts"
import type { LockedPlugin } from "../../../schemas/PluginLock.ts"
import type { PluginVariable } from "../../../schemas/PluginManifest.ts"
import type { Installed } from "../../install/Installer.ts"
import { exporting } from "../../plugin/MissingVariables.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { table } from "../Table.ts"

/** Enough of a hash for a person to compare. */
export const shortHash = (sha256: string): string => sha256.slice(0, 12).toLowerCase()

export const releaseLine = ({ artifact_sha256, name, signature_status, source, version }: LockedPlugin): string =>
  sanitizeLine(
    `${name} ${version} (${shortHash(artifact_sha256)}, ${signature_status.replace("_", " ")}) from ${source}`
  )

/** A daemon that runs goes on with the process it has. */
export const restartHint = (name: string): string =>
  `a daemon that runs goes on with the release it has until: animus plugin restart ${sanitizeLine(name)}`

/** These are begun when a daemon starts, and not looked for later. */
const begunAtStart: ReadonlySet<string> = new Set([
  "trigger_backend",
  "notifier",
  "log_storage_backend",
  "transport_backend",
  "web_ui"
])

/** What a daemon that runs makes of it, and what to type about that. */
export const afterInstall = ({ kinds, plugin, repaired, unchanged }: Installed): ReadonlyArray<string> => {
  // A daemon that refused to start it does not look again by itself.
  if (repaired) return [restartHint(plugin.name)]
  if (unchanged) return []
  if (plugin.previous.length > 0) return [restartHint(plugin.name)]
  return kinds.some((kind) => begunAtStart.has(kind))
    ? ["a daemon that runs takes it up when it is started anew: animus daemon stop && animus daemon start"]
    : []
}

export const kindsText = ({ kind, kinds = [kind] }: PluginInfo): string => kinds.join(", ")

/** What agents may call on it, and what they may not because another plugin has the name. */
export const toolsText = ({ mcp_tools = [] }: PluginInfo): ReadonlyArray<string> => {
  if (mcp_tools.length === 0) return []
  const rows = mcp_tools.map(({ description, name, taken_by }) => [
    name,
    taken_by === undefined ? description : `not offered: plugin ${taken_by} has a tool of this name`
  ])
  return ["", ...table(["TOOL", "FOR AGENTS"], rows)]
}

const needOf = ({ required, set }: PluginVariable): string =>
  `${required ? "required" : "optional"}, ${set ? "set" : "not set"}`

/** What it asks of the environment; values are shown nowhere. */
export const variablesText = (variables: ReadonlyArray<PluginVariable> = []): ReadonlyArray<string> => {
  if (variables.length === 0) return []
  const rows = variables.map((variable) => [variable.name, needOf(variable), variable.description])
  return ["", ...table(["VARIABLE", "IS", "FOR"], rows)]
}

/** A daemon has the environment that it was started with, whatever is set here. */
export const beforeUse = ({ variables }: Pick<Installed, "variables">): ReadonlyArray<string> => {
  const missing = variables.filter(({ required, set }) => required && !set).map(({ name }) => name)
  return missing.length === 0
    ? variablesText(variables)
    : [...variablesText(variables), "", `set what it requires, with a value of yours: ${exporting(missing)}`]
}

/** Of one that would not be started as things stand. */
export const lockHint = ({ lock_state, name }: PluginInfo): ReadonlyArray<string> =>
  lock_state === undefined || lock_state === "intact"
    ? []
    : [`${sanitizeLine(name)} is not started as it lies there; why, and what to type: animus plugin doctor`]
