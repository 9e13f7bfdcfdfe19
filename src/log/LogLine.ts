/**
 * A record as a line of `events.jsonl`: `ts`, `level`, `cat`, `msg`, the known fields beside them, everything else under
 * `meta`. What we need to read it back whole (`id`, `source`, `source_name`) stands there as well. Pure.
 */
import { Option, Schema } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type LogEntry, LogLevel, LogSource } from "../../schemas/Log.ts"

/** Fields that have a column of their own. */
const columns: ReadonlySet<string> = new Set([
  "workflow_id",
  "task_id",
  "schedule_id",
  "phase_id",
  "model",
  "tool",
  "provider",
  "run_id",
  "session_id",
  "turn",
  "input_tokens",
  "output_tokens",
  "total_tokens",
  "tool_calls",
  "role",
  "content",
  "subject_id",
  "status",
  "from_status",
  "to_status",
  "branch",
  "pr_number",
  "mcp_tool",
  "mcp_server",
  "fallback_from",
  "fallback_to",
  "cost",
  "exit_code",
  "duration_ms",
  "error"
])

const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Without the newline. */
export const encodeLine = ({ fields, id, level, message, source, source_name, target, ts }: LogEntry): string => {
  const known: Record<string, Json> = {}
  const meta: Record<string, Json> = {}
  if (isObject(fields)) {
    for (const [key, value] of Object.entries(fields)) (columns.has(key) ? known : meta)[key] = value
  } else if (fields !== undefined) {
    meta["value"] = fields
  }
  const rest = Object.keys(meta).length === 0 ? {} : { meta }
  return JSON.stringify({ ts, level, cat: target, msg: message, ...known, ...rest, id, source, source_name })
}

const Line = Schema.fromJsonString(Schema.StructWithRest(
  Schema.Struct({
    ts: Schema.String,
    level: LogLevel,
    cat: Schema.String,
    msg: Schema.String,
    id: Schema.optionalKey(Schema.String),
    source: Schema.optionalKey(LogSource),
    source_name: Schema.optionalKey(Schema.String),
    meta: Schema.optionalKey(Schema.Json)
  }),
  [Schema.Record(Schema.String, Schema.Json)]
))
const decode = Schema.decodeUnknownOption(Line)

/** Undefined for a line that is none of ours, such as one that a crash cut short: a log is read as far as it can be. */
export const decodeLine = (line: string): LogEntry | undefined => {
  const read = decode(line)
  if (Option.isNone(read)) return undefined
  const { cat, id, level, meta, msg, source, source_name, ts, ...known } = read.value
  const fields = { ...known, ...(isObject(meta) ? meta : {}) }
  return {
    id: id ?? ts,
    ts,
    level,
    source: source ?? "daemon",
    target: cat,
    message: msg,
    ...(source_name === undefined ? {} : { source_name }),
    ...(Object.keys(fields).length === 0 ? {} : { fields })
  }
}
