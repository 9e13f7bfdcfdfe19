/** Why a plugin is not started: it is not in the user's lock file, its stored copy changed, or the file cannot be read. */
import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"

/** The lock file is damaged, or of a schema this version does not know. Nothing is started until it can be read. */
export class LockUnreadable extends Schema.TaggedError<LockUnreadable>()("LockUnreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `the plugin lock ${this.path} cannot be read: ${this.detail}. No plugin is started until it can. ` +
      `Mend it; or move it away and install the plugins again: animus init; animus plugin install`
  }
}

/** What is stored is not what was installed. Never pinned anew by itself. */
export class LockMismatch extends Schema.TaggedError<LockMismatch>()("LockMismatch", {
  plugin: Schema.String,
  path: Schema.String,
  expected: Schema.String,
  /** A hash, or what else there is. */
  found: Schema.String,
  /** What to type. */
  fix: Schema.String
}) {
  readonly category = "permission_denied" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.permission_denied
  override get message() {
    const found = /^[0-9a-f]{64}$/.test(this.found) ? this.found.slice(0, 12) : this.found
    return `plugin ${this.plugin} is refused: ${this.path} is not what was installed (locked ` +
      `${this.expected.slice(0, 12).toLowerCase()}, found ${found}). If you did not change it, find out who did. ` +
      `Then type: ${this.fix}`
  }
}

export class PluginNotLocked extends Schema.TaggedError<PluginNotLocked>()("PluginNotLocked", {
  plugin: Schema.String,
  path: Schema.String
}) {
  readonly category = "permission_denied" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.permission_denied
  override get message() {
    return `plugin ${this.plugin} is refused: ${this.path} is not in this user's plugins.lock. ` +
      `If you trust it: animus plugin install --path ${this.path}`
  }
}

/** What `plugin lock verify` found, one line a plugin. */
export class LockUnverified extends Schema.TaggedError<LockUnverified>()("LockUnverified", {
  mismatches: Schema.Array(Schema.String)
}) {
  readonly category = "permission_denied" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.permission_denied
  get data() {
    return { mismatches: this.mismatches }
  }
  override get message() {
    return this.mismatches.join("\n")
  }
}
