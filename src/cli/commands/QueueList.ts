import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { QueueItemStatus } from "../../../schemas/control/QueueRpcs.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { cursor, further } from "../Further.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { queueText } from "../render/QueueText.ts"
import { limit } from "../SharedFlags.ts"

export const queueList = Command.make("list", {
  status: Flag.Literals("status", QueueItemStatus.literals).pipe(Flag.optional),
  cursor,
  limit
}, (flags) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const query = given(flags)
    const page = yield* control["queue/list"](query)
    yield* succeed(page, [
      ...queueText(page.entries),
      ...further("animus queue list", query, page.next_cursor)
    ])
  })).pipe(Command.withDescription("List what waits for capacity, in order"))
