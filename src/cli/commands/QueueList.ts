import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { QueueItemStatus } from "../../../schemas/control/QueueRpcs.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { limit } from "../SharedFlags.ts"
import { table } from "../Table.ts"

export const queueList = Command.make("list", {
  status: Flag.Literals("status", QueueItemStatus.literals).pipe(Flag.optional),
  limit
}, (flags) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const page = yield* control["queue/list"](given(flags))
    const rows = page.entries.map((
      entry
    ) => [
      entry.id,
      entry.status,
      entry.priority,
      entry.subject_id,
      entry.enqueued_at,
      entry.held_until,
      entry.hold_reason
    ])
    const held = page.entries.filter(({ status }) => status === "held")
    yield* succeed(
      page,
      rows.length === 0
        ? ["the queue is empty. Add to it with: animus queue enqueue <subject>"]
        : [
          ...table(["ENTRY", "STATUS", "PRIORITY", "SUBJECT", "SINCE", "HELD UNTIL", "HELD BECAUSE"], rows),
          ...held.some(({ held_until }) => held_until === undefined)
            ? ["once what holds an entry is mended: animus queue release <entry>"]
            : [],
          ...held.some(({ held_until }) => held_until !== undefined)
            ? ["what is held until a time goes on by itself then, or now with: animus queue release <entry>"]
            : []
        ]
    )
  })).pipe(Command.withDescription("List what waits for capacity, in order"))
