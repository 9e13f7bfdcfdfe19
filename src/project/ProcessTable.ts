/**
 * The operating system's processes, as far as Animus may touch them: its own children, by process group, and what an
 * earlier daemon of this scope left behind, recognised by a cookie in its environment and confirmed by start time. Never a
 * bare pid. A zombie counts as dead.
 */
import { Context, type Effect } from "effect"

export type Signal = "SIGTERM" | "SIGKILL" | "SIGINT"

export interface ProcessRow {
  readonly pid: number
  /** Clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: string
  readonly command: string
}

/** A process that carries our cookie, and the daemon it was started for. */
export interface MarkedProcess extends ProcessRow {
  readonly generation: string
  /** Empty for what was not started for a plugin. */
  readonly plugin: string
}

export class ProcessTable extends Context.Service<ProcessTable, {
  /** Sent to the whole group the pid leads; false when there is no such group any more. */
  readonly signalGroup: (pid: number, signal: Signal) => Effect.Effect<boolean>
  readonly isAlive: (pid: number) => Effect.Effect<boolean>
  /** All descendants of a pid, in other process groups too. */
  readonly descendants: (pid: number) => Effect.Effect<ReadonlyArray<ProcessRow>>
  /** Own user's living processes that carry `ANIMUS_COOKIE=<cookie>` of this scope, whatever their parent; never the caller. */
  readonly carrying: (cookie: string) => Effect.Effect<ReadonlyArray<MarkedProcess>>
  /** Own user's living processes whose working folder lies in this one. */
  readonly workingIn: (folder: string) => Effect.Effect<ReadonlyArray<ProcessRow>>
  /** Ends one process if it is still the one that was seen; false when it is gone or another took its pid. */
  readonly end: (row: ProcessRow, signal: Signal) => Effect.Effect<boolean>
}>()("animus/project/ProcessTable") {}
