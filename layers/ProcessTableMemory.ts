/** ProcessTable of a daemon that starts no processes: nothing to find, nothing to end. */
import { Effect, Layer } from "effect"
import { ProcessTable } from "../src/project/ProcessTable.ts"

export const layer: Layer.Layer<ProcessTable> = Layer.succeed(ProcessTable, {
  signalGroup: () => Effect.succeed(false),
  isAlive: () => Effect.succeed(false),
  isStill: () => Effect.succeed(false),
  descendants: () => Effect.succeed([]),
  carrying: () => Effect.succeed([]),
  workingIn: () => Effect.succeed([]),
  identify: () => Effect.undefined,
  look: () => Effect.succeed({ found: [], missed: 0 }),
  end: () => Effect.succeed(false)
})
