/** Installed plugins in words. */
import type { PluginInfo } from "../../../schemas/control/PluginRpcs.ts"
import type { LockedPlugin } from "../../../schemas/PluginLock.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { table } from "../Table.ts"

/** Enough of a hash for a person to compare. */
export const shortHash = (sha256: string): string => sha256.slice(0, 12)

export const releaseLine = ({ artifact_sha256, name, signature_status, source, version }: LockedPlugin): string =>
  sanitizeLine(
    `${name} ${version} (${shortHash(artifact_sha256)}, ${signature_status.replace("_", " ")}) from ${source}`
  )

/** A running daemon goes on with the process it has. */
export const restartHint = (name: string): string =>
  `a running daemon uses it from its next start of it on: animus plugin restart ${sanitizeLine(name)}`

/** What agents may call on it, and what they may not because another plugin has the name. */
export const toolsText = ({ mcp_tools = [] }: PluginInfo): ReadonlyArray<string> => {
  if (mcp_tools.length === 0) return []
  const rows = mcp_tools.map(({ description, name, taken_by }) => [
    name,
    taken_by === undefined ? description : `not offered: plugin ${taken_by} has a tool of this name`
  ])
  return ["", ...table(["TOOL", "FOR AGENTS"], rows)]
}
