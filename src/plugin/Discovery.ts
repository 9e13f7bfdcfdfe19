/** What was found when plugins were looked for, and what was skipped and why. */
import type { PluginManifest } from "../../schemas/PluginManifest.ts"

export type PluginSource = "explicit_config" | "project_local" | "user_dir" | "plugin_path"

export interface InstalledPlugin {
  readonly name: string
  readonly path: string
  readonly source: PluginSource
  readonly manifest: PluginManifest
}

export interface DiscoveryWarning {
  readonly name: string
  readonly path: string
  readonly source: PluginSource
  readonly reason: string
}

export interface Discovery {
  readonly plugins: ReadonlyArray<InstalledPlugin>
  readonly warnings: ReadonlyArray<DiscoveryWarning>
}
