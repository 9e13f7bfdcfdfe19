/**
 * The daemon's own record of what it did, for people. Structured, redacted before it is kept; `append` returns when the
 * record is on its way to the backend (logs are written in batches and may lose their last moment in a crash).
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { LogBackendFailed } from "../../schemas/errors/LogErrors.ts"
import type { LogEntry, LogQuery } from "../../schemas/Log.ts"

export interface LogPage {
  readonly entries: ReadonlyArray<LogEntry>
  readonly nextCursor: string | undefined
}

export type NewLogEntry = Omit<LogEntry, "id" | "ts">

export class LogBackend extends Context.Service<LogBackend, {
  readonly append: (entry: NewLogEntry) => Effect.Effect<void>
  /** Oldest first; the newest 200 when no limit is given. */
  readonly query: (query: LogQuery) => Effect.Effect<LogPage, LogBackendFailed>
  /** Entries appended from now on that match. */
  readonly tail: (query: LogQuery) => Effect.Effect<Stream.Stream<LogEntry>, never, Scope.Scope>
}>()("animus/log/LogBackend") {}
