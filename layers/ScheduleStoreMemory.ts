/** Schedules remembered for as long as the process lives: the double for tests. */
import { Effect, Layer } from "effect"
import type { ScheduleRecords } from "../schemas/Schedule.ts"
import { ScheduleStore } from "../src/schedule/ScheduleStore.ts"

/** The same place again is the next daemon on the same disk. */
export const layerOf = (place: { records: ScheduleRecords }) =>
  Layer.succeed(ScheduleStore, {
    load: Effect.sync(() => place.records),
    save: (records) =>
      Effect.sync(() => {
        place.records = records
      })
  })

export const layer = Layer.suspend(() => layerOf({ records: {} }))
