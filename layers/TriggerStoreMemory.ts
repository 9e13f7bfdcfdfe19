/** The trigger plugins' records for as long as the process lives, with all that was kept to look into: the double for tests. */
import { Effect, Layer } from "effect"
import { emptyRecord, type TriggerRecord } from "../src/trigger/TriggerState.ts"
import { TriggerStore } from "../src/trigger/TriggerStore.ts"

/** The same map again is the next daemon on the same disk. */
export const layerOf = (records: Map<string, TriggerRecord>) =>
  Layer.succeed(TriggerStore, {
    load: (plugin) => Effect.sync(() => records.get(plugin) ?? emptyRecord),
    save: (plugin, record) => Effect.sync(() => void records.set(plugin, record))
  })

export const layer = Layer.suspend(() => layerOf(new Map()))
