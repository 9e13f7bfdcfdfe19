/** What can go wrong around the daemon itself: its socket, its folders, its trust in a project, an operator's input. */
import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"

export class DaemonNotRunning extends Schema.TaggedError<DaemonNotRunning>()("DaemonNotRunning", {
  socketPath: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `no daemon answers at ${this.socketPath} (${this.detail}). Start it with: animus daemon start`
  }
}

export class DaemonAlreadyRunning extends Schema.TaggedError<DaemonAlreadyRunning>()("DaemonAlreadyRunning", {
  holder: Schema.String,
  lockPath: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `another daemon (${this.holder}) holds ${this.lockPath}. See: animus daemon status; end it with: animus daemon stop`
  }
}

export class SocketPathTooLong extends Schema.TaggedError<SocketPathTooLong>()("SocketPathTooLong", {
  path: Schema.String,
  limit: Schema.Int
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return `the control socket path has more than ${this.limit} bytes: ${this.path}. Set ANIMUS_CONFIG_DIR to a shorter folder`
  }
}

/** A folder or file that would hold state or the socket is not ours alone, cannot be read, or is not what it should be. */
export class StateFolderUnusable extends Schema.TaggedError<StateFolderUnusable>()("StateFolderUnusable", {
  /** What lies there; "state folder" when absent. */
  what: Schema.optionalKey(Schema.String),
  path: Schema.String,
  detail: Schema.String,
  fix: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `${this.what ?? "state folder"} ${this.path} cannot be used: ${this.detail}. ${this.fix}`
  }
}

/** The project's own commands and plugins are input until this user has approved exactly these bytes. */
export class ProjectNotTrusted extends Schema.TaggedError<ProjectNotTrusted>()("ProjectNotTrusted", {
  projectRoot: Schema.String,
  because: Schema.String
}) {
  readonly category = "permission_denied" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.permission_denied
  override get message() {
    return `${this.because}, and ${this.projectRoot} is not trusted as it stands. Read its .animus folder, then: animus trust`
  }
}

export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return `${this.path} is not a valid configuration: ${this.detail}. Mend the file and try again`
  }
}

export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", { detail: Schema.String }) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return this.detail
  }
}

/** The daemon was started and ended, or never answered; `detail` is what it said last. */
export class DaemonStartFailed extends Schema.TaggedError<DaemonStartFailed>()("DaemonStartFailed", {
  detail: Schema.String,
  logPath: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `the daemon did not start: ${this.detail}\nAll it said is in ${this.logPath}`
  }
}

export class DaemonStillRunning extends Schema.TaggedError<DaemonStillRunning>()("DaemonStillRunning", {
  pid: Schema.Int
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `daemon ${this.pid} was asked to stop and still runs. Look at: animus logs; to end it at once: kill -9 ${this.pid} (runs recover at the next start)`
  }
}

export class DemoFailed extends Schema.TaggedError<DemoFailed>()("DemoFailed", { detail: Schema.String }) {
  readonly category = "internal" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.internal
  override get message() {
    return `the demo failed: ${this.detail}. Look at what it left with: animus demo --keep`
  }
}
