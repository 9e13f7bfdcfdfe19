/** One word to many runs, and what became of each (operator's surface, bulk verbs). Ours. */
import { Schema } from "effect"
import { maybe } from "../Json.ts"

export const BulkOp = Schema.Literals(["pause", "resume", "cancel"])
export type BulkOp = typeof BulkOp.Type

/** `ok` of a dry run: it would have been taken. */
export const BulkItem = Schema.Struct({
  id: Schema.String,
  ok: Schema.Boolean,
  /** Where the run stood before. */
  state: maybe(Schema.String),
  error: maybe(Schema.String)
})
export type BulkItem = typeof BulkItem.Type

export const BulkResult = Schema.Struct({
  op: Schema.String,
  all: Schema.Boolean,
  dry_run: Schema.Boolean,
  requested: Schema.Int,
  succeeded: Schema.Int,
  failed: Schema.Int,
  items: Schema.Array(BulkItem)
})
export type BulkResult = typeof BulkResult.Type
