/** What can go wrong between the host and a plugin. A caller sees one of these, never a hang. */
import { Runtime, Schema } from "effect"
import { Category, exitCodeOf } from "../Category.ts"
import { EnvRequirement } from "../PluginManifest.ts"
import type { LockMismatch, PluginNotLocked } from "./LockErrors.ts"

/** The plugin's process or pipe ended while something was outstanding. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", {
  plugin: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `connection to plugin ${this.plugin} was lost: ${this.detail}. The supervisor starts it again; see: animus plugin status ${this.plugin}`
  }
}

export class RequestTimedOut extends Schema.TaggedError<RequestTimedOut>()("RequestTimedOut", {
  plugin: Schema.String,
  method: Schema.String,
  millis: Schema.Int
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} did not answer ${this.method} within ${this.millis} ms. Check it with: animus plugin ping ${this.plugin}`
  }
}

/** The process ended by itself, or could not be started. */
export class PluginCrashed extends Schema.TaggedError<PluginCrashed>()("PluginCrashed", {
  plugin: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} crashed: ${this.detail}. Its own words are in: animus logs --plugin ${this.plugin}`
  }
}

/** One start and five restarts were used up; the plugin stays disabled and the daemon lives on. */
export class RestartBudgetExhausted extends Schema.TaggedError<RestartBudgetExhausted>()("RestartBudgetExhausted", {
  plugin: Schema.String,
  restarts: Schema.Int,
  lastError: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} is disabled after ${this.restarts} restarts; last error: ${this.lastError}. ` +
      `Mend it, then: animus plugin restart ${this.plugin}`
  }
}

/** As many plugins run as may; no restart cures that. */
export class TooManyPlugins extends Schema.TaggedError<TooManyPlugins>()("TooManyPlugins", {
  plugin: Schema.String,
  limit: Schema.Int,
  /** What sets the limit. */
  variable: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} was not started: ${this.limit} plugin processes run already, and that is the limit. ` +
      `Make room with animus plugin uninstall NAME (see: animus plugin status), then: animus plugin restart ${this.plugin}; ` +
      `or raise the limit: export ${this.variable}=${this.limit * 2}; animus daemon stop && animus daemon start`
  }
}

export class HandshakeFailed extends Schema.TaggedError<HandshakeFailed>()("HandshakeFailed", {
  plugin: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} did not complete the handshake: ${this.detail}. Its own words are in: animus logs --plugin ${this.plugin}`
  }
}

export class ProtocolMismatch extends Schema.TaggedError<ProtocolMismatch>()("ProtocolMismatch", {
  plugin: Schema.String,
  theirs: Schema.String,
  ours: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `plugin ${this.plugin} speaks protocol ${this.theirs}, this daemon speaks ${this.ours}: install a release of it for protocol ${this.ours}, then: animus plugin restart ${this.plugin}`
  }
}

/** The plugin answered with an error of its own. */
export class PluginRefused extends Schema.TaggedError<PluginRefused>()("PluginRefused", {
  plugin: Schema.String,
  method: Schema.String,
  code: Schema.Int,
  detail: Schema.String,
  data: Schema.optionalKey(Schema.Unknown)
}) {
  get category() {
    return categoryOfPluginRefusal(this.code, this.data)
  }
  override get [Runtime.errorExitCode]() {
    return exitCodeOf[this.category]
  }
  override get message() {
    return `plugin ${this.plugin} refused ${this.method} (${this.code}): ${this.detail}`
  }
}

/** What kinds call it whose words are not those of the control protocol (plugin protocol, error codes). */
const otherWords: ReadonlyMap<unknown, Category> = new Map<unknown, Category>([
  ["unsupported", "not_supported"],
  ["address_in_use", "conflict"],
  ["quota_exceeded", "unavailable"],
  ["session_start_failed", "unavailable"]
])

const isCategory = Schema.is(Category)

/** The plugin's own word where it says one that is known, else what its code is for. */
const categoryOfPluginRefusal = (code: number, data: unknown): Category => {
  const stated = typeof data === "object" && data !== null && "category" in data ? data.category : undefined
  const other = otherWords.get(stated)
  if (other !== undefined) return other
  if (isCategory(stated) && stated !== "internal") return stated
  if (code === -32601) return "not_found"
  if (code === -32001) return "not_supported"
  if (code === -32602 || code === -32600) return "invalid_request"
  return code === -32003 || code === -32000 ? "unavailable" : "internal"
}

export class MethodNotSupported extends Schema.TaggedError<MethodNotSupported>()("MethodNotSupported", {
  plugin: Schema.String,
  method: Schema.String,
  /** False when it is not even known there (-32601), which the control protocol tells apart. */
  known: Schema.optionalKey(Schema.Boolean)
}) {
  get category() {
    return this.known === false ? "not_found" : "not_supported"
  }
  override get [Runtime.errorExitCode]() {
    return exitCodeOf[this.category]
  }
  override get message() {
    return `plugin ${this.plugin} does not support ${this.method}; what it supports is in: animus plugin info ${this.plugin}`
  }
}

export class FrameTooLarge extends Schema.TaggedError<FrameTooLarge>()("FrameTooLarge", {
  plugin: Schema.String,
  limit: Schema.Int
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return `a frame for plugin ${this.plugin} is larger than ${this.limit} bytes: send less in one request`
  }
}

export class ManifestProbeFailed extends Schema.TaggedError<ManifestProbeFailed>()("ManifestProbeFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `${this.path} --manifest failed: ${this.detail}. Run that command by hand to see what it prints`
  }
}

export class PluginNotFound extends Schema.TaggedError<PluginNotFound>()("PluginNotFound", {
  plugin: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    const known = this.known.length === 0 ? "none is installed" : `known: ${this.known.join(", ")}`
    return `no plugin is named ${this.plugin} (${known}). See: animus plugin list`
  }
}

/** It was found, and there is a reason not to use it, which says what to do. */
export class PluginSkipped extends Schema.TaggedError<PluginSkipped>()("PluginSkipped", {
  plugin: Schema.String,
  reason: Schema.String
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    return `plugin ${this.plugin} was found and skipped: ${this.reason}`
  }
}

/** What the daemon starts all the same, with a warning, a person who asks for it is told of. */
export class VariablesMissing extends Schema.TaggedError<VariablesMissing>()("VariablesMissing", {
  plugin: Schema.String,
  variables: Schema.Array(EnvRequirement),
  /** What to type. */
  fix: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    const named = this.variables.map(({ description, name }) =>
      description === undefined || description === "" ? name : `${name} (${description})`
    )
    return `plugin ${this.plugin} needs ${named.join(", ")}, which the daemon's environment lacks. Type: ${this.fix}`
  }
}

export class NoBackendForKind extends Schema.TaggedError<NoBackendForKind>()("NoBackendForKind", {
  kind: Schema.String,
  known: Schema.Array(Schema.String),
  /** Why plugins may be missing that should be there. */
  because: Schema.optionalKey(Schema.String)
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    const known = this.known.length === 0
      ? "no subject plugin is running"
      : `kinds that have one: ${this.known.join(", ")}`
    const because = this.because === undefined ? "" : `: ${this.because}`
    return `no plugin serves subjects of kind "${this.kind}" (${known})${because}. See: animus plugin list`
  }
}

/** The plugin that serves the kind knows no such subject. */
export class SubjectNotFound extends Schema.TaggedError<SubjectNotFound>()("SubjectNotFound", {
  id: Schema.String,
  kind: Schema.String,
  plugin: Schema.String
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    return `there is no subject ${this.id} (plugin ${this.plugin} was asked). See: animus subject list --kind ${this.kind}`
  }
}

export class DuplicateKindClaim extends Schema.TaggedError<DuplicateKindClaim>()("DuplicateKindClaim", {
  kind: Schema.String,
  plugins: Schema.Array(Schema.String)
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `subject kind "${this.kind}" is claimed by ${this.plugins.join(" and ")}, so neither serves it. Keep one: ` +
      `animus plugin uninstall <name>, or take it out of plugins.yaml or its folder`
  }
}

/** No provider plugin answers to the tool an agent asks for. */
export class ProviderMissing extends Schema.TaggedError<ProviderMissing>()("ProviderMissing", {
  tool: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    const known = this.known.length === 0 ? "no provider is installed" : `installed providers: ${this.known.join(", ")}`
    return `no provider plugin serves tool "${this.tool}" (${known}). Install one: animus plugin install ` +
      `(animus init installs the reference ones), or change the agent's tool`
  }
}

export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  session: Schema.String
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    return `no live agent session ${this.session}: it has ended, or belongs to an earlier daemon. See: animus workflow list`
  }
}

/** What any call to a plugin may fail with. */
export type PluginError =
  | ConnectionLost
  | RequestTimedOut
  | PluginCrashed
  | RestartBudgetExhausted
  | TooManyPlugins
  | HandshakeFailed
  | ProtocolMismatch
  | PluginRefused
  | MethodNotSupported
  | FrameTooLarge
  | LockMismatch
  | PluginNotFound
  | PluginNotLocked
