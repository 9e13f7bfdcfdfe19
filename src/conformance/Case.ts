/** One question the harness asks a plugin, and what can become of it: passed, failed with a finding, or not applicable. */
import { type Effect, Schema, type Scope } from "effect"
import type { Bench } from "./Bench.ts"

/** What is wrong, in the three parts an author needs: what was sent, what came, and what the protocol says of it. */
export class Finding extends Schema.TaggedError<Finding>()("Finding", {
  got: Schema.String,
  sent: Schema.optionalKey(Schema.String),
  /** Instead of what the case says of the protocol in general. */
  says: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return this.got
  }
}

/** The question does not arise for this plugin; a capability it does not claim is no fault. */
export class NotApplicable extends Schema.TaggedError<NotApplicable>()("NotApplicable", {
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

export type Verdict = Effect.Effect<void, Finding | NotApplicable, Scope.Scope>

export interface Case {
  /** `group.name`; stable, since scripts and `--only` refer to it. */
  readonly id: string
  readonly title: string
  /** Of the plugin protocol. */
  readonly section: string
  /** The sentence of the protocol that is asked about. */
  readonly says: string
  /** Cases that must have passed, so that one fault is reported once. */
  readonly needs?: ReadonlyArray<string>
  readonly run: (bench: Bench) => Verdict
}
