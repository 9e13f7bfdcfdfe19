/** A queue, with entries of our own. */
import { Effect } from "effect"
import { QueueMethods } from "../../../schemas/QueueStore.ts"
import { type KindTrials, type Talk, text, trialsOf } from "../Trial.ts"

/** What has come so far numbers what this process was asked. */
const workflow = ({ session: { received } }: Talk) => `animus-conformance-${received.length}`

const dispatch = ({ session: { received } }: Talk) => ({
  subject: { kind: "conformance", id: `conformance:${received.length}`, title: "one entry", labels: [], metadata: {} },
  workflow_ref: "conformance",
  vars: {},
  trigger_source: "manual",
  requested_at: "2026-01-01T00:00:00Z"
})

const entry = (talk: Talk, method = "queue/enqueue") =>
  Effect.map(talk.first(method), ({ params, result }) => text(result, "entry_id") || text(params, "entry_id"))

type More = (talk: Talk) => Readonly<Record<string, string>>

const onEntry = (more: More = () => ({}), after = "queue/enqueue") => (talk: Talk) =>
  Effect.map(entry(talk, after), (entry_id) => ({ entry_id, ...more(talk) }))

/** An entry that the lease handed out, and the workflow it was handed to. */
const onLeased = (more: (workflow: string) => Readonly<Record<string, string>>) => (talk: Talk) =>
  Effect.map(talk.first("queue/lease"), ({ params, result }) => {
    const [leased] = [Object(result).leased].flat()
    const [workflow] = [params["workflow_ids"]].flat()
    return { entry_id: text(leased, "entry_id"), ...more(String(workflow)) }
  })

export const queue: KindTrials = {
  kind: "queue",
  section: "§13",
  trials: trialsOf(QueueMethods, {
    "queue/enqueue": { params: (talk) => Effect.succeed({ subject_dispatch: dispatch(talk) }) },
    "queue/list": { params: (talk) => Effect.as(entry(talk), {}) },
    "queue/lease": {
      params: (talk) => Effect.as(entry(talk), { max: 1, workflow_ids: [workflow(talk)] }),
      also: ({ result }, { session }) =>
        [Object(result).leased].flat().length === 1
          ? Effect.void
          : Effect.fail(session.finding("an entry was pending, and the lease did not hand out one"))
    },
    "queue/hold": { params: onEntry(() => ({ reason: "conformance" })) },
    "queue/release": { params: onEntry(() => ({}), "queue/hold") },
    "queue/drop": { params: onEntry() },
    "queue/reorder": { params: (talk) => Effect.map(entry(talk), (entry_id) => ({ entry_ids: [entry_id] })) },
    "queue/mark_assigned": { params: onEntry((talk) => ({ workflow_id: workflow(talk) })) },
    "queue/completion": { params: onLeased((workflow_id) => ({ status: "completed", workflow_id })) },
    "queue/release_pending": { params: onLeased(() => ({ reason: "conformance" })) }
  }, { shares: true })
}
