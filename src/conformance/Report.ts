/** What became of every case: the contract of `animus plugin test --json`. */
import { Schema } from "effect"

export const CaseReport = Schema.Struct({
  id: Schema.String,
  title: Schema.String,
  status: Schema.Literals(["pass", "fail", "skip"]),
  /** Of the plugin protocol. */
  section: Schema.String,
  /** Milliseconds. */
  duration_ms: Schema.Finite,
  /** Why it was skipped. */
  reason: Schema.optionalKey(Schema.String),
  failure: Schema.optionalKey(Schema.Struct({
    sent: Schema.optionalKey(Schema.String),
    got: Schema.String,
    protocol_says: Schema.String
  }))
})
export type CaseReport = typeof CaseReport.Type

export const Report = Schema.Struct({
  path: Schema.String,
  plugin: Schema.NullOr(Schema.Struct({
    name: Schema.String,
    version: Schema.String,
    kinds: Schema.Array(Schema.String)
  })),
  protocol_version: Schema.String,
  summary: Schema.Struct({
    passed: Schema.Natural,
    failed: Schema.Natural,
    skipped: Schema.Natural,
    duration_ms: Schema.Finite
  }),
  cases: Schema.Array(CaseReport)
})
export type Report = typeof Report.Type
