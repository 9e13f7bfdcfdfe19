/** The methods of a plugin kind as a table, and which of all kinds' methods a plugin may leave out. */
import type { Schema } from "effect"
import type { Json } from "./Json.ts"

/** Under its name on the wire: what goes in, and what comes out. */
export interface MethodTable {
  readonly [method: string]: {
    readonly params: Schema.Codec<unknown, Json>
    readonly result: Schema.Codec<unknown, Json>
  }
}

/** A plugin that does not list them declines them with -32001, and the host falls back (plugin protocol, shared methods). */
export const optionalMethods = [
  "trigger/ack",
  "trigger/schema",
  "log_storage/query",
  "log_storage/tail",
  "log_storage/schema",
  "notifier/flush",
  "notifier/schema",
  "transport/schema",
  "workflow/run_phase",
  "queue/next_deadline"
] as const
export type OptionalMethod = (typeof optionalMethods)[number]

const optional: ReadonlySet<string> = new Set(optionalMethods)

export const isOptionalMethod = (method: string): boolean => optional.has(method)
