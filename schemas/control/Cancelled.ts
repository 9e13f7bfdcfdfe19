/** What a cancellation answers, of a run and of a session alike; ours, the protocol has an empty answer. */
import { Schema } from "effect"
import { maybe } from "../Json.ts"

/** `runs_on`: what its agents started and what could not be ended, or is left to sessions beside it; absent when that is nothing. */
export const Cancelled = Schema.Struct({
  runs_on: maybe(Schema.Array(Schema.Struct({ pid: Schema.Int, command: Schema.String, plugin: Schema.String })))
})
export type Cancelled = typeof Cancelled.Type
