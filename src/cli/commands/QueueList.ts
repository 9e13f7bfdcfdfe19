import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { type QueueItem, QueueItemStatus } from "../../../schemas/control/QueueRpcs.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { limit } from "../SharedFlags.ts"
import { table } from "../Table.ts"

const becauseOf = ({ deferred_because, hold_reason, starting_since }: QueueItem): string | undefined =>
  starting_since === undefined
    ? hold_reason ?? deferred_because
    : `its backend has not answered since ${starting_since}`

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
      entry.not_before,
      becauseOf(entry)
    ])
    yield* succeed(
      page,
      rows.length === 0
        ? ["the queue is empty. Add to it with: animus queue enqueue <subject>"]
        : [
          ...table(["ENTRY", "STATUS", "PRIORITY", "SUBJECT", "SINCE", "NOT BEFORE", "BECAUSE"], rows),
          ...page.entries.some(({ status }) => status === "held")
            ? ["once what holds an entry is mended: animus queue release <entry>"]
            : [],
          ...page.entries.some(({ not_before }) => not_before !== undefined)
            ? ["what is away is tried again at the time shown, or now with: animus queue release <entry>"]
            : []
        ]
    )
  })).pipe(Command.withDescription("List what waits for capacity, in order"))
