/**
 * What was started and is not known to be gone, kept where the next daemon of this scope finds it: a daemon that is killed
 * takes its memory along, and not every process that it leaves carries its mark.
 */
import { Context, Effect } from "effect"
import type { Traces } from "./Family.ts"

interface Records {
  /** Best effort: what cannot be kept is still known while this daemon lives, and the log says so. */
  readonly keep: (traces: Traces) => Effect.Effect<void>
  readonly drop: (traces: Traces) => Effect.Effect<void>
  /** Of this boot: no process outlives the machine. */
  readonly all: Effect.Effect<ReadonlyArray<Traces>>
}

/** Without a folder to keep them in nothing is kept. */
export const ProcessRecords: Context.Reference<Records> = Context.Reference("animus/project/ProcessRecords", {
  defaultValue: (): Records => ({ keep: () => Effect.void, drop: () => Effect.void, all: Effect.succeed([]) })
})
