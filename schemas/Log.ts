/** Log records and how they are asked for (plugin protocol, log storage and shared methods). */
import { Schema } from "effect"
import { Empty, Json, maybe, open, orElse, rows } from "./Json.ts"
import { ErrorObject, RequestId } from "./JsonRpc.ts"

/** From the least to the most urgent (plugin protocol, log storage). */
export const LogLevel = Schema.Literals(["trace", "debug", "info", "warn", "error"])
export type LogLevel = typeof LogLevel.Type

/** Who wrote the record (plugin protocol, log storage). */
export const LogSource = Schema.Literals(["daemon", "plugin", "cli", "workflow"])
export type LogSource = typeof LogSource.Type

/** One record (plugin protocol, log storage). */
export const LogEntry = open({
  id: Schema.String,
  ts: Schema.String,
  level: LogLevel,
  source: LogSource,
  source_name: maybe(Schema.String),
  target: Schema.String,
  message: Schema.String,
  fields: maybe(Json),
  /** Ours: the plugin that this record was had from. What the daemon wrote itself has none. */
  told_by: maybe(Schema.String)
})
export type LogEntry = typeof LogEntry.Type

/** Which records; `since` is inclusive, `until` is not, `*` in the glob stops at a dot (plugin protocol, log storage). */
export const LogQuery = Schema.Struct({
  min_level: maybe(LogLevel),
  source: maybe(LogSource),
  source_name: maybe(Schema.String),
  target_glob: maybe(Schema.String),
  since: maybe(Schema.String),
  until: maybe(Schema.String),
  limit: maybe(Schema.Natural),
  cursor: maybe(Schema.String),
  follow: orElse(Schema.Boolean, false)
})
export type LogQuery = typeof LogQuery.Type

/** Params of the `log/entry` notification that any plugin may send (plugin protocol, shared methods). */
export const PluginLogRecord = open({
  level: LogLevel,
  target: Schema.String,
  message: Schema.String,
  fields: maybe(Json),
  ts: maybe(Schema.String)
})
export type PluginLogRecord = typeof PluginLogRecord.Type

/** Params of `log_storage/store` (plugin protocol, log storage). */
export const StoreLogs = Schema.Struct({ entries: Schema.Array(LogEntry) })
export type StoreLogs = typeof StoreLogs.Type

/** Result of `log_storage/store`: how many were kept (plugin protocol, log storage). */
export const StoredLogs = open({ stored: Schema.Natural })
export type StoredLogs = typeof StoredLogs.Type

/** Result of `log_storage/query` (plugin protocol, log storage). */
export const StoredLogPage = Schema.Struct({ entries: rows(LogEntry), next_cursor: maybe(Schema.String) })
export type StoredLogPage = typeof StoredLogPage.Type

/** Result of `log_storage/tail` (plugin protocol, log storage). */
export const Tailing = open({ tailing: Schema.Literal(true) })
export type Tailing = typeof Tailing.Type

/** Params of the `log_storage/event` notification; `id` is that of the tail's request (plugin protocol, log storage). */
export const StoredLogEvent = Schema.Union([
  Schema.Struct({ id: RequestId, entry: LogEntry }),
  Schema.Struct({ id: RequestId, error: ErrorObject })
])
export type StoredLogEvent = typeof StoredLogEvent.Type

const able = orElse(Schema.Boolean, false)

/** Result of `log_storage/schema`; windows are in milliseconds (plugin protocol, log storage). */
export const LogStorageSchema = open({
  supports_query: able,
  supports_tail: able,
  supports_dedup: able,
  supports_filtering: maybe(
    open({ by_level: able, by_source: able, by_target: able, by_time_range: able, by_glob: able })
  ),
  max_query_window: maybe(Schema.Natural),
  retention_hint: maybe(Schema.Natural)
})
export type LogStorageSchema = typeof LogStorageSchema.Type

/** The methods of the kind, each with what it takes and answers. */
export const LogStorageMethods = {
  "log_storage/store": { params: StoreLogs, result: StoredLogs },
  "log_storage/query": { params: LogQuery, result: StoredLogPage },
  "log_storage/tail": { params: LogQuery, result: Tailing },
  "log_storage/schema": { params: Empty, result: LogStorageSchema }
} as const
