/** The conformance harness with real processes behind it. Behind a service, so that other commands do not load it. */
import { Context, type Effect } from "effect"
import type { Report } from "../conformance/Report.ts"

export interface TrialOptions {
  /** The path as it was given. */
  readonly label: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  /** Milliseconds. */
  readonly timeout: number | undefined
  readonly only: ReadonlyArray<string> | undefined
}

export class PluginTrials extends Context.Service<PluginTrials, {
  readonly examine: (options: TrialOptions) => Effect.Effect<Report>
}>()("animus/cli/PluginTrials") {}
