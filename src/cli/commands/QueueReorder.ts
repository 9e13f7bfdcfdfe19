import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"

export const queueReorder = Command.make("reorder", {
  ids: Argument.String("entry").pipe(
    Argument.atLeast(1),
    Argument.withDescription("Queue entry ids, as queue list shows them; several come in this order")
  ),
  position: Flag.Literals("position", ["front", "back", "before", "after"]).pipe(Flag.withDefault("front")),
  anchor: Flag.String("anchor").pipe(Flag.optional, Flag.withDescription("The entry that before and after refer to"))
}, ({ anchor, ids, position }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["queue/reorder"]({ position, subject_ids: [...ids], ...given({ anchor_id: anchor }) })
    const [id] = ids
    yield* succeed(ids.length === 1 ? { id, position } : { ids, position }, [`${ids.join(", ")} moved`])
  })).pipe(Command.withDescription("Move entries within the queue"))
