/** `plugins.lock` as text: TOML, read by a real parser and written in one fixed form. */
import { Effect, Result, Schema } from "effect"
import { Toml } from "effect/encoding"
import { LockUnreadable } from "../../schemas/errors/LockErrors.ts"
import { LOCK_SCHEMA_VERSION, type LockedPlugin, PluginLedger, type PluginRelease } from "../../schemas/PluginLock.ts"

const decode = Schema.decodeUnknownEffect(PluginLedger)

const majorOf = (version: string): string => version.split(".")[0] ?? ""

export const parseLedger = Effect.fnUntraced(function*(path: string, text: string) {
  const parsed = Toml.parse(text)
  if (Result.isFailure(parsed)) return yield* new LockUnreadable({ path, detail: parsed.failure.message })
  const { schema_version } = parsed.success
  if (typeof schema_version !== "string" || majorOf(schema_version) !== majorOf(LOCK_SCHEMA_VERSION)) {
    const detail = `its schema_version is ${
      String(schema_version)
    }, and this version of animus reads ${LOCK_SCHEMA_VERSION}`
    return yield* new LockUnreadable({ path, detail })
  }
  const ledger = yield* Effect.mapError(
    decode(parsed.success),
    ({ message }) => new LockUnreadable({ path, detail: message.replace(/\s*\n\s*/g, " ") })
  )
  const names = ledger.plugins.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice === undefined) return ledger
  return yield* new LockUnreadable({ path, detail: `it lists ${twice} twice, and nobody can tell which one is meant` })
})

/** JSON writes strings as TOML does, but for one control character and for halves of characters. */
const quoted = (text: string): string => JSON.stringify(text.toWellFormed()).replaceAll("\u007f", "\\u007f")

const pair = (key: string, value: string | boolean): string =>
  `${key} = ${typeof value === "boolean" ? value : quoted(value)}`

const releaseLines = (release: PluginRelease): ReadonlyArray<string> => [
  pair("version", release.version),
  pair("artifact_sha256", release.artifact_sha256.toLowerCase()),
  pair("entry", release.entry),
  pair("source_kind", release.source_kind),
  pair("source", release.source),
  ...release.source_sha256 === undefined ? [] : [pair("source_sha256", release.source_sha256.toLowerCase())],
  pair("pinned", release.pinned),
  pair("installed_at", release.installed_at),
  pair("signature_status", release.signature_status)
]

const pluginLines = (plugin: LockedPlugin): ReadonlyArray<string> => [
  "",
  "[[plugins]]",
  pair("name", plugin.name),
  pair("installed_kind", plugin.installed_kind),
  ...releaseLines(plugin),
  ...plugin.previous.flatMap((release) => ["", "[[plugins.previous]]", ...releaseLines(release)])
]

export const renderLedger = (ledger: PluginLedger): string =>
  [
    "# Written by animus plugin install. A plugin is started only as it is listed here.",
    pair("schema_version", LOCK_SCHEMA_VERSION),
    pair("generated_at", ledger.generated_at),
    ...ledger.plugins.flatMap(pluginLines),
    ""
  ].join("\n")
