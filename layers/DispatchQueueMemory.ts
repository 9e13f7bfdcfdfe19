/** A queue that lives as long as the process: the double for tests, and for daemons whose runs need not survive either. */
import { Effect, Layer } from "effect"
import { DispatchQueue } from "../src/schedule/DispatchQueue.ts"
import { empty } from "../src/schedule/QueueState.ts"

export const layer = Layer.effect(
  DispatchQueue,
  DispatchQueue.make({ initial: empty, append: () => Effect.void })
)
