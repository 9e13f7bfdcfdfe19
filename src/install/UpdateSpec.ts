/** Where an update of a plugin comes from: from where the plugin came, unless it is pinned. */
import { Effect } from "effect"
import { InstallRefused } from "../../schemas/errors/InstallErrors.ts"
import type { LockedPlugin } from "../../schemas/PluginLock.ts"
import { parseNpmSpec } from "./NpmSpec.ts"
import type { PluginSpec } from "./PluginSources.ts"

const refused = ({ name, source }: LockedPlugin, detail: string, fix: string) =>
  new InstallRefused({ what: `an update of ${name} (${source})`, detail, fix })

/** Whether an update without a version would move it. */
export const isMovable = ({ pinned, source_kind }: LockedPlugin): boolean => !pinned && source_kind !== "url"

export const specOf = (
  plugin: LockedPlugin,
  version: string | undefined,
  reinstall: boolean
): Effect.Effect<PluginSpec, InstallRefused> => {
  const { name, pinned, source, source_kind, source_sha256 } = plugin
  switch (source_kind) {
    case "path":
    case "folder":
      return version === undefined
        ? Effect.succeed({ kind: "path", path: source })
        : Effect.fail(
          refused(plugin, "it has no versions to choose from", `Leave --to out: animus plugin update ${name}`)
        )
    case "url":
      if (reinstall && version === undefined && source_sha256 !== undefined) {
        return Effect.succeed({ kind: "url", url: source, sha256: source_sha256 })
      }
      return Effect.fail(refused(
        plugin,
        "an address is pinned by its digest",
        "Install the new one: animus plugin install --url URL --sha256 HEX"
      ))
    case "npm": {
      const packageName = parseNpmSpec(source)?.name ?? source
      if (version !== undefined) return Effect.succeed({ kind: "npm", spec: `${packageName}@${version}` })
      if (!pinned || reinstall) return Effect.succeed({ kind: "npm", spec: source })
      return Effect.fail(
        refused(plugin, "it is pinned to this version", `Name another: animus plugin update ${name} --to VERSION`)
      )
    }
  }
}
