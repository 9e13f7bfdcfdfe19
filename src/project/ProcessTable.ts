/**
 * The operating system's processes, as far as Animus may touch them: its own children, by process group, and what descends
 * from one, told by the traces that it left (`Family`) and confirmed by start time right before each signal. Never a bare
 * pid. A zombie counts as dead.
 */
import { Context, type Effect } from "effect"

export type Signal = "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGSTOP"

export interface ProcessRow {
  readonly pid: number
  /** Clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: string
  readonly command: string
}

/** The three variables that everything started for a daemon carries until it clears its environment. */
export interface Mark {
  readonly cookie: string
  readonly generation: string
  /** Empty for what was not started for a plugin. */
  readonly plugin: string
}

/** A process that carries our cookie, and the daemon it was started for. */
export interface MarkedProcess extends ProcessRow, Omit<Mark, "cookie"> {}

/** A living process of our own user, while it is looked at: what it does not ask for is not read. */
export interface Sighting extends ProcessRow {
  readonly parent: number
  readonly mark: () => Mark | undefined
  /** The soft limit on file locks; undefined when there is none. */
  readonly limit: () => number | undefined
  /** Holds one of these pipes or sockets open, at whatever descriptor. */
  readonly holds: (ends: ReadonlyArray<string>) => boolean
}

export interface Looked {
  readonly found: ReadonlyArray<ProcessRow>
  /** How many were listed and gone before they could be looked at. */
  readonly missed: number
}

export class ProcessTable extends Context.Service<ProcessTable, {
  /** Sent to the whole group the pid leads; false when there is no such group any more. */
  readonly signalGroup: (pid: number, signal: Signal) => Effect.Effect<boolean>
  readonly isAlive: (pid: number) => Effect.Effect<boolean>
  /** The very process that was seen, not another that took its pid. */
  readonly isStill: (row: ProcessRow) => Effect.Effect<boolean>
  /** All descendants of a pid, in other process groups too. */
  readonly descendants: (pid: number) => Effect.Effect<ReadonlyArray<ProcessRow>>
  /** Own user's living processes that carry `ANIMUS_COOKIE=<cookie>` of this scope, whatever their parent; never the caller. */
  readonly carrying: (cookie: string) => Effect.Effect<ReadonlyArray<MarkedProcess>>
  /** Own user's living processes whose working folder lies in this one. */
  readonly workingIn: (folder: string) => Effect.Effect<ReadonlyArray<ProcessRow>>
  /** A child that was started this moment, and the pipes or sockets that are its stdin, stdout and stderr. */
  readonly identify: (pid: number) => Effect.Effect<
    { readonly row: ProcessRow; readonly stdio: ReadonlyArray<string> } | undefined
  >
  /**
   * One look at every living process of our own user, the youngest first; never at the caller or what it descends from. Each
   * that belongs gets the signal the moment it is seen, so that one which lives for milliseconds is met by it.
   */
  readonly look: (belongs: (seen: Sighting) => boolean, signal?: Signal) => Effect.Effect<Looked>
  /** Ends one process if it is still the one that was seen; false when it is gone or another took its pid. */
  readonly end: (row: ProcessRow, signal: Signal) => Effect.Effect<boolean>
}>()("animus/project/ProcessTable") {}
