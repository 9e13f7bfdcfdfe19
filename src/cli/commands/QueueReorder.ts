import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { entryId } from "../SharedFlags.ts"

export const queueReorder = Command.make("reorder", {
  id: entryId,
  position: Flag.Literals("position", ["front", "back", "before", "after"]).pipe(Flag.withDefault("front")),
  anchor: Flag.String("anchor").pipe(Flag.optional, Flag.withDescription("The entry that before and after refer to"))
}, ({ anchor, id, position }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["queue/reorder"]({ id, position, subject_ids: [], ...given({ anchor_id: anchor }) })
    yield* succeed({ id, position }, [`${id} moved`])
  })).pipe(Command.withDescription("Move an entry within the queue"))
