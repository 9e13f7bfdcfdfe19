/** The queue as a plugin keeps it (plugin protocol, queue). The daemon hosts such plugins; its own queue is `DispatchQueue`. */
import { Schema } from "effect"
import { anyOf, Empty, maybe, open, orElse, rows } from "./Json.ts"
import { SubjectDispatch } from "./Subject.ts"

export const StoredQueueStatus = Schema.Literals(["pending", "assigned", "held"])
export type StoredQueueStatus = typeof StoredQueueStatus.Type

export const StoredQueueEntry = open({
  entry_id: Schema.String,
  subject_id: Schema.String,
  task_id: maybe(Schema.String),
  subject_dispatch: SubjectDispatch,
  status: StoredQueueStatus,
  workflow_id: maybe(Schema.String),
  enqueued_at: Schema.String,
  assigned_at: maybe(Schema.String),
  held_at: maybe(Schema.String),
  run_at: maybe(Schema.String),
  expire_after_secs: maybe(Schema.Natural)
})
export type StoredQueueEntry = typeof StoredQueueEntry.Type

export const StoredQueueStats = open({
  total: Schema.Natural,
  pending: Schema.Natural,
  assigned: Schema.Natural,
  held: Schema.Natural,
  deferred: orElse(Schema.Natural, 0)
})
export type StoredQueueStats = typeof StoredQueueStats.Type

const EntryId = Schema.Struct({ entry_id: Schema.String })
const Changed = open({ changed: Schema.Boolean, not_found: orElse(Schema.Boolean, false) })

/** The methods of the kind, each with what it takes and answers; `workflow_ids` of a lease has `max` items. */
export const QueueMethods = {
  "queue/enqueue": {
    params: Schema.Struct({
      subject_dispatch: SubjectDispatch,
      run_at: maybe(Schema.String),
      expire_after_secs: maybe(Schema.Natural)
    }),
    result: open({
      enqueued: Schema.Boolean,
      entry_id: Schema.String,
      subject_id: Schema.String,
      warning: maybe(Schema.String)
    })
  },
  "queue/list": {
    params: Schema.Struct({
      status: anyOf(Schema.String),
      limit: maybe(Schema.Natural),
      offset: maybe(Schema.Natural)
    }),
    result: open({ entries: rows(StoredQueueEntry), total: Schema.Natural, stats: StoredQueueStats })
  },
  "queue/lease": {
    params: Schema.Struct({
      max: Schema.Natural,
      workflow_ids: maybe(Schema.Array(Schema.String)),
      exclude_subjects: maybe(Schema.Array(Schema.String))
    }),
    result: open({ leased: rows(StoredQueueEntry) })
  },
  "queue/stats": { params: Empty, result: StoredQueueStats },
  "queue/hold": {
    params: Schema.Struct({ entry_id: Schema.String, reason: maybe(Schema.String) }),
    result: Changed
  },
  "queue/release": { params: EntryId, result: Changed },
  "queue/drop": { params: EntryId, result: Changed },
  "queue/reorder": {
    params: Schema.Struct({ entry_ids: Schema.Array(Schema.String) }),
    result: open({ reordered_count: Schema.Natural })
  },
  "queue/mark_assigned": {
    params: Schema.Struct({ entry_id: Schema.String, workflow_id: maybe(Schema.String) }),
    result: Changed
  },
  "queue/completion": {
    params: Schema.Struct({
      entry_id: Schema.String,
      status: Schema.Literals(["completed", "failed", "cancelled"]),
      workflow_ref: maybe(Schema.String),
      workflow_id: maybe(Schema.String)
    }),
    result: Changed
  },
  "queue/release_pending": {
    params: Schema.Struct({ entry_id: Schema.String, reason: Schema.String }),
    result: open({ entry_id: Schema.String, status: Schema.Literal("pending") })
  },
  "queue/next_deadline": { params: Empty, result: open({ next_run_at: maybe(Schema.String) }) }
} as const

/** `kind_capabilities.queue.extra` (plugin protocol, queue). */
export const QueueCapabilities = open({ priority_weighted: Schema.Boolean, max_lease_batch: Schema.Natural })
export type QueueCapabilities = typeof QueueCapabilities.Type
