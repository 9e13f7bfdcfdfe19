/** The queue as an operator reads it: what waits, for what, and what to type. Pure. */
import type { QueueItem } from "../../../schemas/control/QueueRpcs.ts"
import { table } from "../Table.ts"

const becauseOf = ({ deferred_because, hold_reason, starting_since }: QueueItem): string | undefined =>
  starting_since === undefined
    ? hold_reason ?? deferred_because
    : `its backend has not answered since ${starting_since}`

const rowOf = (entry: QueueItem) => [
  entry.id,
  entry.status,
  entry.priority,
  entry.subject_id,
  entry.enqueued_at,
  entry.not_before,
  becauseOf(entry)
]

export const queueText = (entries: ReadonlyArray<QueueItem>): ReadonlyArray<string> => {
  if (entries.length === 0) return ["the queue is empty. Add to it with: animus queue enqueue <subject>"]
  const isHeld = entries.some(({ status }) => status === "held")
  const isDeferred = entries.some(({ not_before }) => not_before !== undefined)
  return [
    ...table(["ENTRY", "STATUS", "PRIORITY", "SUBJECT", "SINCE", "NOT BEFORE", "BECAUSE"], entries.map(rowOf)),
    ...isHeld ? ["once what holds an entry is mended: animus queue release <entry>"] : [],
    ...isDeferred ? ["what is away is tried again at the time shown, or now with: animus queue release <entry>"] : []
  ]
}
