/** One question the harness asks a plugin, and what can become of it: passed, failed with a finding, or not applicable. */
import type { Effect, Scope } from "effect"
import type { Bench } from "./Bench.ts"
import type { Finding, NotApplicable } from "./Finding.ts"

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
