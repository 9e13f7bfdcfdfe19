/** Installed plugins in words. */
import type { LockedPlugin } from "../../../schemas/PluginLock.ts"
import { sanitizeLine } from "../Sanitize.ts"

/** Enough of a hash for a person to compare. */
export const shortHash = (sha256: string): string => sha256.slice(0, 12)

export const releaseLine = ({ artifact_sha256, name, signature_status, source, version }: LockedPlugin): string =>
  sanitizeLine(
    `${name} ${version} (${shortHash(artifact_sha256)}, ${signature_status.replace("_", " ")}) from ${source}`
  )

/** A running daemon goes on with the process it has. */
export const restartHint = (name: string): string =>
  `a running daemon uses it from its next start of it on: animus plugin restart ${sanitizeLine(name)}`
