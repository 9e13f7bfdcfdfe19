/** Words of the queue's tests: dispatches that differ by their subject, and what the queue holds of them. */
import { Effect } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"

export const dispatch = (name: string, workflow = "w"): SubjectDispatch => ({
  subject: { kind: "task", id: `task:${name}`, labels: [], metadata: {} },
  workflow_ref: workflow,
  vars: {},
  trigger_source: "test",
  requested_at: "2026-01-01T00:00:00Z"
})

export const nameOf = ({ dispatch: { subject } }: QueueEntry): string => subject.id.slice("task:".length)

/** `name` or `name:state`, in the order of the queue. */
export const listed = Effect.map(
  DispatchQueue.use(({ list }) => list),
  (entries) => entries.map((entry) => entry.state === "pending" ? nameOf(entry) : `${nameOf(entry)}:${entry.state}`)
)
