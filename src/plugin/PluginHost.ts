/**
 * Calls to plugins. One supervised process per plugin, started at first use and shared by all callers; a caller sees an
 * answer or a typed error within its deadline, never a hang. Requests are not retried: who asked knows whether that is safe.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { PluginError, PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import type { InitializeResult } from "../../schemas/PluginLifecycle.ts"

export interface PluginNotification {
  readonly method: string
  readonly params: unknown
}

export type PluginState = "idle" | "starting" | "running" | "backing-off" | "disabled" | "stopped"

export interface PluginStatus {
  readonly name: string
  readonly state: PluginState
  readonly pid: number | undefined
  readonly restarts: number
  readonly lastError: string | undefined
  readonly startedAt: string | undefined
}

export interface CallOptions {
  /** Milliseconds; 120 000 when absent. */
  readonly timeout?: number
  /** Told the request's id before it is written: what the notifications of a watch will carry. */
  readonly onId?: (id: number) => void
}

export class PluginHost extends Context.Service<PluginHost, {
  readonly call: (
    plugin: string,
    method: string,
    params: unknown,
    options?: CallOptions
  ) => Effect.Effect<Json, PluginError>
  readonly notify: (plugin: string, method: string, params: unknown) => Effect.Effect<void, PluginError>
  /**
   * For owners, lossless: from the moment this returns, every notification that `accepts` takes is in the stream, in order;
   * while the owner does not pull, reading from the plugin pauses. Fails with `ConnectionLost` when that process ends.
   * Register before sending the request whose notifications are wanted.
   */
  readonly own: (
    plugin: string,
    accepts: (notification: PluginNotification) => boolean
  ) => Effect.Effect<Stream.Stream<ReadonlyArray<PluginNotification>, PluginError>, PluginError, Scope.Scope>
  /** For observers, bounded: the slow lose the oldest. Ends when the plugin's process ends. */
  readonly notifications: (
    plugin: string
  ) => Effect.Effect<Stream.Stream<ReadonlyArray<PluginNotification>>, PluginError, Scope.Scope>
  /** Starts the plugin if need be; what it said of itself in the handshake. */
  readonly initialized: (plugin: string) => Effect.Effect<InitializeResult, PluginError>
  readonly status: (plugin: string) => Effect.Effect<PluginStatus, PluginNotFound>
  readonly statuses: Effect.Effect<ReadonlyArray<PluginStatus>>
  /** Emits the plugin's name whenever a new process of it has completed the handshake. */
  readonly starts: Stream.Stream<string>
}>()("animus/plugin/PluginHost") {}
