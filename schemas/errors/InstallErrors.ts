/** Why a plugin was not installed, updated or removed. What was installed before is as it was. */
import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"
import { LockedPlugin } from "../PluginLock.ts"

/** The source could not be fetched, or what came is no plugin. */
export class InstallFailed extends Schema.TaggedError<InstallFailed>()("InstallFailed", {
  what: Schema.String,
  detail: Schema.String,
  fix: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `${this.what} was not installed: ${this.detail}. ${this.fix}`
  }
}

/** It could be installed and must not be: a digest, a signature, a name, a pin. */
export class InstallRefused extends Schema.TaggedError<InstallRefused>()("InstallRefused", {
  what: Schema.String,
  detail: Schema.String,
  fix: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `${this.what} was refused: ${this.detail}. ${this.fix}`
  }
}

/** Another plugin claims the kind: with both of them installed neither would serve it. */
export class KindTaken extends Schema.TaggedError<KindTaken>()("KindTaken", {
  plugin: Schema.String,
  kind: Schema.String,
  holder: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `plugin ${this.plugin} was not installed: it claims subjects of kind "${this.kind}", which plugin ${this.holder} ` +
      `serves, and of two that claim a kind neither serves it. To have this one instead: ` +
      `animus plugin uninstall ${this.holder}, then type the same again`
  }
}

/** A tree that cannot be hashed or kept as it is. */
export class TreeRefused extends Schema.TaggedError<TreeRefused>()("TreeRefused", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return `${this.path} cannot be part of a plugin: ${this.detail}. Put a copy that stands by itself in a folder, and install that`
  }
}

export class NotInstalled extends Schema.TaggedError<NotInstalled>()("NotInstalled", {
  plugin: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    const known = this.known.length === 0 ? "nothing is installed" : `installed: ${this.known.join(", ")}`
    return `no plugin ${this.plugin} is installed (${known}). See: animus plugin lock list`
  }
}

/** One thing that is wrong with the plugins, and what to type about it; empty when `problem` says it. */
export const DoctorFinding = Schema.Struct({
  /** A plugin, or a file. */
  about: Schema.String,
  problem: Schema.String,
  fix: Schema.String
})
export type DoctorFinding = typeof DoctorFinding.Type

/** A line each, whatever a plugin calls itself. */
const lineOf = ({ about, fix, problem }: DoctorFinding): string =>
  `${about}: ${problem}${fix === "" ? "" : `. Type: ${fix}`}`.replace(/\s+/g, " ")

/** What `plugin doctor` found. As a preflight that fails, it is something for the operator to mend. */
export class PluginsUnhealthy extends Schema.TaggedError<PluginsUnhealthy>()("PluginsUnhealthy", {
  findings: Schema.NonEmptyArray(DoctorFinding),
  /** What was removed from the store before it looked. */
  swept: Schema.Array(Schema.String)
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  get data() {
    return { healthy: false, findings: this.findings, swept: this.swept }
  }
  override get message() {
    const count = this.findings.length === 1 ? "one thing is" : `${this.findings.length} things are`
    return [
      ...this.swept.map((name) => `removed ${name} from the store`),
      `${count} wrong with the plugins of this user:`,
      ...this.findings.map(lineOf)
    ].join("\n")
  }
}

/** Of several updates some failed; the others were made. */
export class UpdatesFailed extends Schema.TaggedError<UpdatesFailed>()("UpdatesFailed", {
  updated: Schema.Array(Schema.Struct({ ...LockedPlugin.fields, unchanged: Schema.Boolean })),
  failed: Schema.NonEmptyArray(Schema.Struct({ name: Schema.String, message: Schema.String }))
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  get data() {
    return { plugins: this.updated, failed: this.failed }
  }
  override get message() {
    const done = this.updated.filter(({ unchanged }) => !unchanged).map(({ name, version }) => `${name} ${version}`)
    return [
      `${this.failed.length} of ${this.failed.length + this.updated.length} plugins were not updated:`,
      ...this.failed.map(({ message }) => message.replace(/\s+/g, " ")),
      ...done.length === 0 ? [] : [`updated all the same: ${done.join(", ")}`]
    ].join("\n")
  }
}

/** Another install, update or removal is at work and did not end in time. */
export class InstallBusy extends Schema.TaggedError<InstallBusy>()("InstallBusy", {
  holder: Schema.String,
  lockPath: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `another install (${this.holder}) holds ${this.lockPath}. Wait for its end, then type this again`
  }
}
