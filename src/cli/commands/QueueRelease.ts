import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkEntries, sayOfEntries } from "../BulkQueue.ts"

export const queueRelease = Command.make("release", bulkEntries, ({ all, ids }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* sayOfEntries({
      op: "release",
      ids,
      all,
      of: ["held"],
      one: (id) => control["queue/release"]({ id }),
      said: (id) => `${id} is ready again`
    })
  })).pipe(Command.withDescription("Let entries go on that are held, or wait for a time"))
