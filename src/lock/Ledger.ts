/** What installing, updating and going back do to the ledger. Pure; nothing here looks at a file. */
import { Struct } from "effect"
import {
  LOCK_SCHEMA_VERSION,
  type LockedPlugin,
  type PluginLedger,
  type PluginRelease
} from "../../schemas/PluginLock.ts"

/** How many earlier releases of a plugin are kept, in the ledger and in the store. */
export const KEPT_RELEASES = 5

export const emptyLedger: PluginLedger = { schema_version: LOCK_SCHEMA_VERSION, generated_at: "", plugins: [] }

export const findLocked = ({ plugins }: PluginLedger, name: string): LockedPlugin | undefined =>
  plugins.find((plugin) => plugin.name === name)

export const sameHash = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

export const releaseOf = (plugin: LockedPlugin): PluginRelease =>
  Struct.omit(plugin, ["installed_kind", "name", "previous"])

const byName = (a: LockedPlugin, b: LockedPlugin) => a.name < b.name ? -1 : 1

/** The plugin as it is from now on; the release it had is kept to go back to. */
export const put = (ledger: PluginLedger, name: string, kind: string, release: PluginRelease): PluginLedger => {
  const old = findLocked(ledger, name)
  const earlier = old === undefined ? [] : [releaseOf(old), ...old.previous]
  const previous = earlier
    .filter(({ artifact_sha256 }) => !sameHash(artifact_sha256, release.artifact_sha256))
    .slice(0, KEPT_RELEASES)
  const plugin: LockedPlugin = { ...release, name, installed_kind: kind, previous }
  return { ...ledger, plugins: [...drop(ledger, name).plugins, plugin].toSorted(byName) }
}

/** The release before this one; undefined when there is none. The release gone back from is forgotten. */
export const goBack = (ledger: PluginLedger, name: string): PluginLedger | undefined => {
  const plugin = findLocked(ledger, name)
  const [last, ...previous] = plugin?.previous ?? []
  if (plugin === undefined || last === undefined) return undefined
  const back: LockedPlugin = { ...last, name, installed_kind: plugin.installed_kind, previous }
  return { ...ledger, plugins: [...drop(ledger, name).plugins, back].toSorted(byName) }
}

export const drop = (ledger: PluginLedger, name: string): PluginLedger => ({
  ...ledger,
  plugins: ledger.plugins.filter((plugin) => plugin.name !== name)
})

/** Every tree the ledger still needs, in lower case. */
export const hashesOf = ({ plugins }: PluginLedger): ReadonlySet<string> =>
  new Set(
    plugins.flatMap((plugin) => [plugin, ...plugin.previous]).map(({ artifact_sha256 }) =>
      artifact_sha256.toLowerCase()
    )
  )
