/**
 * Starting a plugin and its three pipes. The only place where the host meets a process, so that a double can offer an
 * in-memory plugin behind the same pipes. Not reading `stdout` holds the plugin back; nothing is buffered here.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { PluginCrashed } from "../../schemas/errors/PluginErrors.ts"
import type { Ended } from "../project/EndProcesses.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"

export interface PluginCommand {
  readonly plugin: string
  readonly path: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
}

export interface PluginExit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

export interface PluginPipes {
  readonly pid: number
  readonly stdout: Stream.Stream<Uint8Array, PluginCrashed>
  readonly stderr: Stream.Stream<Uint8Array, PluginCrashed>
  /** Waits while the pipe is full. */
  readonly write: (text: string) => Effect.Effect<void, PluginCrashed>
  readonly closeStdin: Effect.Effect<void>
  /** Waits until it has closed its stdin, which a process may survive. */
  readonly deaf: Effect.Effect<void>
  readonly exit: Effect.Effect<PluginExit>
  readonly heirs: PluginHeirs
}

/** What descends from a plugin's process and is not that process itself, in whatever group, session and environment. */
export interface PluginHeirs {
  /** Who they are now. Whoever was seen once ends with the process, whatever becomes of it. */
  readonly now: Effect.Effect<ReadonlyArray<ProcessRow>>
  /** Ends these with what they start meanwhile; the process itself lives on. */
  readonly end: (rows: ReadonlyArray<ProcessRow>) => Effect.Effect<Ended>
  /** Ends all but these and what they start. */
  readonly endAllBut: (rows: ReadonlyArray<ProcessRow>) => Effect.Effect<Ended>
  /** What of it could not be ended, once the process's scope is closed. */
  readonly survivors: () => ReadonlyArray<ProcessRow>
}

export class PluginProcess extends Context.Service<PluginProcess, {
  /**
   * Own process group; closing the scope ends the group: SIGTERM, then SIGKILL after two seconds. Then it ends its heirs
   * outside the group, in the same way, until none is left.
   */
  readonly spawn: (command: PluginCommand) => Effect.Effect<PluginPipes, PluginCrashed, Scope.Scope>
}>()("animus/plugin/PluginProcess") {}
