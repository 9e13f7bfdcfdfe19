/**
 * Which plugins there are. Looks in the user's registry, the project (only when trusted), the user's folder and
 * `$ANIMUS_PLUGIN_PATH`, in that order; the first entry of a name wins, and a broken entry still reserves its name. Every
 * skip is explained.
 */
import { Context, type Effect } from "effect"
import type { PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
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

export class PluginCatalog extends Context.Service<PluginCatalog, {
  /** Probed once for the life of the layer. */
  readonly discovery: Effect.Effect<Discovery>
  readonly find: (name: string) => Effect.Effect<InstalledPlugin, PluginNotFound>
}>()("animus/plugin/PluginCatalog") {}
