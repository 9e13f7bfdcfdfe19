/**
 * The user's ledger of plugins, `plugins.lock` (plugin protocol, lockfile and trust): what may be started, as the hash of
 * its whole tree, where it came from, and what it was before. Versions of a schema differ by their major number only.
 */
import { Schema } from "effect"
import { orElse } from "./Json.ts"

export const LOCK_SCHEMA_VERSION = "1.0"

/** What the check of a signature came to; `skipped` when the policy was not to look. */
export const SignatureStatus = Schema.Literals(["verified", "unsigned", "invalid", "untrusted_signer", "skipped"])
export type SignatureStatus = typeof SignatureStatus.Type

/** What an operator asks for: strict refuses whatever is not verified, warn says so, disabled does not look. */
export const SignaturePolicy = Schema.Literals(["strict", "warn", "disabled"])
export type SignaturePolicy = typeof SignaturePolicy.Type

export const PluginSourceKind = Schema.Literals(["path", "folder", "url", "npm"])
export type PluginSourceKind = typeof PluginSourceKind.Type

/** 64 hexadecimal digits; compared without regard to case. */
export const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-fA-F]{64}$/, { expected: "a SHA-256: 64 hexadecimal digits" })
)

const release = {
  version: Schema.String,
  /** Of the whole tree, not of one file: see `src/lock/Tree.ts`. */
  artifact_sha256: Sha256,
  /** What is started, relative to the tree. */
  entry: Schema.NonEmptyString,
  source_kind: PluginSourceKind,
  /** An absolute path, a URL, or `NAME@RANGE`. */
  source: Schema.String,
  /** Of exactly what a URL gave; an install from there again has to give the same. */
  source_sha256: Schema.optionalKey(Sha256),
  /** An exact version was asked for: an update leaves it alone. */
  pinned: orElse(Schema.Boolean, false),
  installed_at: Schema.String,
  signature_status: orElse(SignatureStatus, "unsigned")
}

export const PluginRelease = Schema.Struct(release)
export type PluginRelease = typeof PluginRelease.Type

export const LockedPlugin = Schema.Struct({
  name: Schema.NonEmptyString,
  ...release,
  installed_kind: Schema.String,
  /** Newest first: what `plugin rollback` goes back to. */
  previous: orElse(Schema.Array(PluginRelease), [])
})
export type LockedPlugin = typeof LockedPlugin.Type

export const PluginLedger = Schema.Struct({
  schema_version: Schema.String,
  generated_at: Schema.String,
  plugins: orElse(Schema.Array(LockedPlugin), [])
})
export type PluginLedger = typeof PluginLedger.Type
