import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkEntries, sayOfEntries } from "../BulkQueue.ts"
import { given } from "../Given.ts"

export const queueHold = Command.make("hold", {
  ...bulkEntries,
  reason: Flag.String("reason").pipe(Flag.optional)
}, ({ all, ids, reason }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* sayOfEntries({
      op: "hold",
      ids,
      all,
      of: ["ready"],
      one: (id) => control["queue/hold"]({ id, ...given({ reason }) }),
      said: (id) => `${id} is held. Let it go on with: animus queue release ${id}`
    })
  })).pipe(Command.withDescription("Keep entries from being started"))
