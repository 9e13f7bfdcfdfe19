/** A queue, with entries of our own. */
import { Effect } from "effect"
import { QueueMethods } from "../../../schemas/QueueStore.ts"
import { type KindTrials, newName, type Talk, text, trialsOf } from "../Trial.ts"

const dispatch = (talk: Talk) => ({
  subject: { kind: "conformance", id: `conformance:${newName(talk)}`, title: "one entry", labels: [], metadata: {} },
  workflow_ref: "conformance",
  vars: {},
  trigger_source: "manual",
  requested_at: "2026-01-01T00:00:00Z"
})

const entry = (talk: Talk, method = "queue/enqueue") =>
  Effect.map(talk.first(method), ({ params, result }) => text(result, "entry_id") || text(params, "entry_id"))

const onEntry = (extra: Readonly<Record<string, string>> = {}, after = "queue/enqueue") => (talk: Talk) =>
  Effect.map(entry(talk, after), (entry_id) => ({ entry_id, ...extra }))

/** An entry that the lease handed out, and the workflow it was handed to. */
const leased = ({ first }: Talk) =>
  Effect.map(first("queue/lease"), ({ params, result }) => ({
    entry_id: text([Object(result).leased].flat()[0], "entry_id"),
    workflow_id: String([params["workflow_ids"]].flat()[0])
  }))

export const queue: KindTrials = {
  kind: "queue",
  section: "§13",
  trials: trialsOf(QueueMethods, {
    "queue/enqueue": { params: (talk) => Effect.succeed({ subject_dispatch: dispatch(talk) }) },
    "queue/list": { params: (talk) => Effect.as(entry(talk), {}) },
    "queue/lease": {
      params: (talk) => Effect.as(entry(talk), { max: 1, workflow_ids: [newName(talk)] }),
      also: ({ result }, { session }) =>
        [Object(result).leased].flat().length === 1
          ? Effect.void
          : Effect.fail(session.finding("an entry was pending, and the lease did not hand out one"))
    },
    "queue/hold": { params: onEntry({ reason: "conformance" }) },
    "queue/release": { params: onEntry({}, "queue/hold") },
    "queue/drop": { params: onEntry() },
    "queue/reorder": { params: (talk) => Effect.map(entry(talk), (entry_id) => ({ entry_ids: [entry_id] })) },
    "queue/mark_assigned": {
      params: (talk) => Effect.map(entry(talk), (entry_id) => ({ entry_id, workflow_id: newName(talk) }))
    },
    "queue/completion": { params: (talk) => Effect.map(leased(talk), (of) => ({ ...of, status: "completed" })) },
    "queue/release_pending": {
      params: (talk) => Effect.map(leased(talk), ({ entry_id }) => ({ entry_id, reason: "conformance" }))
    }
  }, { shares: true })
}
