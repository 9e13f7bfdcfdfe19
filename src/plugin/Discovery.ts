/** What was found when plugins were looked for, and what was skipped and why. */
import type { LockedPlugin } from "../../schemas/PluginLock.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"

/** `installed` is what `plugin install` put into the ledger; the others are places to look. */
export type PluginSource = "explicit_config" | "installed" | "project_local" | "user_dir" | "plugin_path"

export interface InstalledPlugin {
  readonly name: string
  /** Where it was found, of a listed plugin its stored copy. What is started is what the lock admits in its place. */
  readonly path: string
  readonly source: PluginSource
  readonly manifest: PluginManifest
  /** Its name in the ledger; undefined for what the project brought along. */
  readonly locked?: string | undefined
  /** As the ledger lists it now. */
  readonly release?: LockedPlugin | undefined
}

export interface DiscoveryWarning {
  readonly name: string
  readonly path: string
  readonly source: PluginSource
  readonly reason: string
}

/** What a warning about the user's registry itself, not about a plugin in it, is named. */
export const REGISTRY = "plugins.yaml"
/** The same for the ledger. */
export const LEDGER = "plugins.lock"

export interface Discovery {
  readonly plugins: ReadonlyArray<InstalledPlugin>
  readonly warnings: ReadonlyArray<DiscoveryWarning>
}

/** Why none of the plugins that the user registered or installed are there. */
export const registryFault = ({ warnings }: Discovery): string | undefined =>
  warnings.find(({ name, source }) =>
    (name === REGISTRY && source === "explicit_config") || (name === LEDGER && source === "installed")
  )?.reason
