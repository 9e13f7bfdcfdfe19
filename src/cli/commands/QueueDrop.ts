import { Effect } from "effect"
import { Command } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkEntries, sayOfEntries } from "../BulkQueue.ts"

export const queueDrop = Command.make("drop", bulkEntries, ({ all, ids, yes }) =>
  Effect.gen(function*() {
    if (all && !yes) {
      return yield* new InvalidInput({
        detail: "dropping cannot be undone. If you mean it: animus queue drop --all --yes"
      })
    }
    const control = yield* ControlClient
    yield* sayOfEntries({
      op: "drop",
      ids,
      all,
      of: ["ready", "held"],
      one: (id) => control["queue/drop"]({ id }),
      said: (id) => `${id} is dropped`
    })
  })).pipe(Command.withDescription("Take entries out of the queue"))
