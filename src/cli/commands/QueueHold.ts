import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { entryId } from "../SharedFlags.ts"

export const queueHold = Command.make("hold", {
  id: entryId,
  reason: Flag.String("reason").pipe(Flag.optional)
}, ({ id, reason }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["queue/hold"]({ id, ...given({ reason }) })
    yield* succeed({ id }, [`${id} is held. Let it go on with: animus queue release ${id}`])
  })).pipe(Command.withDescription("Keep an entry from being started"))
