/** Log records and how they are asked for (plugin protocol, log storage and shared methods). */
import { Schema } from "effect"
import { Json, maybe, open, orElse } from "./Json.ts"

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
  fields: maybe(Json)
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
