/**
 * Starting a plugin and its three pipes. The only place where the host meets a process, so that a double can offer an
 * in-memory plugin behind the same pipes. Not reading `stdout` holds the plugin back; nothing is buffered here.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { PluginCrashed } from "../../schemas/errors/PluginErrors.ts"

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
  /** Notes who descends from it now: they end with it, whatever group and environment they moved to. Ask while it lives. */
  readonly noteFamily: Effect.Effect<void>
}

export class PluginProcess extends Context.Service<PluginProcess, {
  /**
   * Own process group; closing the scope ends the group: SIGTERM, then SIGKILL after two seconds. Then it ends whoever
   * descends from it outside the group: those that were noted, and those that carry its mark.
   */
  readonly spawn: (command: PluginCommand) => Effect.Effect<PluginPipes, PluginCrashed, Scope.Scope>
}>()("animus/plugin/PluginProcess") {}
