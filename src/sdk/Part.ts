/** Something a plugin serves: its methods, and what the manifest says of it. Opened once per process and project. */
import { Effect, type Scope } from "effect"
import type { PluginHealth } from "../../schemas/Health.ts"
import type { Json } from "../../schemas/Json.ts"
import type { RequestId } from "../../schemas/JsonRpc.ts"
import type { InitializeParams, KindCapabilities, McpTool, ProjectBinding } from "../../schemas/PluginLifecycle.ts"
import type { PluginFailure } from "./PluginFailure.ts"

/** The other end: what a plugin may know of it and say to it. */
export interface Host {
  readonly initialize: InitializeParams
  /** The one project this process works for. */
  readonly project: ProjectBinding | undefined
  /** Waits while the pipe is full; a host that is gone hears nothing. */
  readonly notify: (method: string, params: object) => Effect.Effect<void>
}

/** Runs apart from the reader; a cancelled request is interrupted, and the SDK answers for it. */
export type Method = (params: unknown, id: RequestId) => Effect.Effect<Json, PluginFailure>

export interface Methods {
  readonly requests: Readonly<Record<string, Method>>
  readonly notifications?: Readonly<Record<string, (params: unknown) => Effect.Effect<void>>>
  /** The plugin's own word about itself; the SDK adds the uptime. */
  readonly health?: Effect.Effect<Pick<PluginHealth, "status" | "last_error" | "memory_usage_bytes">>
}

/** Something a plugin serves, with the methods and feature tokens that its manifest will list for it. */
export interface Part {
  readonly capabilities: ReadonlyArray<string>
  readonly kinds?: ReadonlyArray<string>
  readonly streaming?: boolean
  /** Known to the protocol but not served here: answered -32001, so that the host can fall back. */
  readonly declines?: ReadonlyArray<string>
  /** Work that may settle when stdin has ended, so that its answer is still heard; the rest is cancelled then. */
  readonly detached?: ReadonlyArray<string>
  /** `initialize` without a project is refused. */
  readonly needsProject?: boolean
  readonly tools?: ReadonlyArray<McpTool>
  readonly kindCapabilities?: Readonly<Record<string, KindCapabilities>>
  /** Called when the host has introduced itself; what it acquires is released when the plugin ends. */
  readonly open: (host: Host) => Effect.Effect<Methods, PluginFailure, Scope.Scope>
}

/** A part that is a table of methods, for the kinds that have no helper of their own. */
export const methods = (
  open: Methods["requests"] | ((host: Host) => Effect.Effect<Methods, PluginFailure, Scope.Scope>),
  names: ReadonlyArray<string> = typeof open === "function" ? [] : Object.keys(open)
): Part => ({
  capabilities: names,
  open: typeof open === "function" ? open : () => Effect.succeed({ requests: open })
})
