/** What to type about a plugin whose stored copy is not what it was, or that is to be what it was before. Pure. */
import type { LockedPlugin } from "../../schemas/PluginLock.ts"

/** From where it came, once more. An address whose digest is not known cannot be believed a second time. */
export const refetch = ({ name, source, source_kind, source_sha256 }: LockedPlugin): string =>
  source_kind === "url" && source_sha256 === undefined
    ? `animus plugin install --url ${source} --sha256 HEX`
    : `animus plugin update ${name} --reinstall`

export const cureOf = (plugin: LockedPlugin): string =>
  plugin.previous.length === 0 ? refetch(plugin) : `${refetch(plugin)}, or: animus plugin rollback ${plugin.name}`

/** Another release than this one, as its source would give it. */
export const another = ({ name, source_kind }: LockedPlugin): string => {
  switch (source_kind) {
    case "npm":
      return `animus plugin update ${name} --to VERSION`
    case "url":
      return "animus plugin install --url URL --sha256 HEX"
    case "path":
    case "folder":
      return `animus plugin update ${name}`
  }
}
