/** `queue/*`, in the control protocol's words: `pending` is `ready` here, `assigned` is `in-flight`. */
import { DateTime, Effect } from "effect"
import { ControlError } from "../../../schemas/control/ControlError.ts"
import { type QueueItemStatus, QueueRpcs } from "../../../schemas/control/QueueRpcs.ts"
import type { QueueEntry } from "../../../schemas/Dispatch.ts"
import { QueueEntryNotFound } from "../../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../../schemas/Ids.ts"
import type { Json } from "../../../schemas/Json.ts"
import { mintEventId } from "../../notify/DaemonEvents.ts"
import { DispatchQueue } from "../../schedule/DispatchQueue.ts"
import { Scheduler } from "../../schedule/Scheduler.ts"
import { dispatchFor } from "../../trigger/TriggerRouting.ts"
import { sameId } from "../../workflow/Merge.ts"
import { present } from "../../workflow/Present.ts"
import { Workflows } from "../../workflow/Workflows.ts"
import { answer, done, invalid } from "../ControlFailure.ts"
import { makeDispatcher } from "../Dispatches.ts"

const PAGE = 50
const LARGEST_PAGE = 500

const statusOf: { readonly [K in QueueEntry["state"]]: QueueItemStatus } = {
  pending: "ready",
  assigned: "in-flight",
  held: "held"
}

const nothing: ReadonlyMap<RunId, number> = new Map()

const startingSince = (run: RunId | undefined, starting: ReadonlyMap<RunId, number>): string | undefined => {
  const since = run === undefined ? undefined : starting.get(run)
  return since === undefined ? undefined : DateTime.formatIso(DateTime.makeUnsafe(since))
}

const itemOf = (
  { deferred, dispatch, enqueued_at, hold_reason, id, priority, run, state }: QueueEntry,
  starting = nothing
) => ({
  id,
  subject_id: dispatch.subject.id,
  status: statusOf[state],
  priority,
  enqueued_at,
  ...present({ hold_reason, workflow_id: run, starting_since: startingSince(run, starting) }),
  // What is started anew remembers how often that failed.
  ...state === "pending" ? present({ not_before: deferred?.until, deferred_because: deferred?.reason }) : {}
})

/** An entry by its own id, or by that of the subject it is about. */
const entryNamed = (entries: ReadonlyArray<QueueEntry>, name: string) =>
  entries.find(({ id }) => id === name) ??
    entries.find(({ dispatch: { subject } }) => subject.id === name || subject.id === `task:${name}`)

const makeLookup = Effect.map(DispatchQueue, (queue) =>
  Effect.fnUntraced(function*(name: string) {
    const entry = entryNamed(yield* queue.list, name)
    return entry === undefined ? yield* new QueueEntryNotFound({ entry: name }) : entry.id
  }))

const makeReorder = Effect.gen(function*() {
  const queue = yield* DispatchQueue
  const find = yield* makeLookup
  return Effect.fnUntraced(function*(request: {
    readonly names: ReadonlyArray<string>
    readonly anchor: string | undefined
    readonly position: "front" | "back" | "before" | "after"
  }) {
    if (request.names.length === 0) return yield* invalid("queue/reorder needs an id, or subject_ids")
    const entries = yield* Effect.forEach(request.names, find)
    if (request.position === "front" || request.position === "back") {
      return yield* queue.reorder(entries, request.position)
    }
    if (request.anchor === undefined) return yield* invalid(`position "${request.position}" needs an anchor_id`)
    const anchor = yield* find(request.anchor)
    return yield* queue.reorder(entries, request.position === "before" ? { before: anchor } : { after: anchor })
  })
})

const makePage = Effect.zipWith(DispatchQueue, Scheduler, (queue, scheduler) =>
  Effect.fnUntraced(function*(request: {
    readonly status?: QueueItemStatus
    readonly cursor?: string
    readonly limit?: number
  }) {
    const start = request.cursor === undefined ? 0 : Number(request.cursor)
    if (!Number.isInteger(start) || start < 0) return yield* invalid(`"${request.cursor}" is no cursor of queue/list`)
    const starting = yield* scheduler.starting
    const items = (yield* queue.list).map((entry) => itemOf(entry, starting))
    const matching = request.status === undefined ? items : items.filter(({ status }) => status === request.status)
    const end = start + Math.min(request.limit ?? PAGE, LARGEST_PAGE)
    return { entries: matching.slice(start, end), ...(end < matching.length ? { next_cursor: String(end) } : {}) }
  }))

/** No signature and no limit are asked for, since nobody came from outside; each time is an event of its own. */
const makeFire = Effect.gen(function*() {
  const scheduler = yield* Scheduler
  const workflows = yield* Workflows
  return Effect.fnUntraced(function*(id: string, payload: Json) {
    const { triggers } = yield* workflows.compile
    const trigger = triggers.find((one) => sameId(one.id, id))
    if (trigger === undefined) {
      const known = triggers.map((one) => one.id).join(", ")
      return yield* new ControlError({
        category: "not_found",
        message: `no trigger is named "${id}" (${known === "" ? "none is defined" : `defined: ${known}`})`
      })
    }
    if (!trigger.enabled) {
      return yield* new ControlError({
        category: "conflict",
        message: `trigger "${trigger.id}" is disabled: say enabled: true in the workflow files`
      })
    }
    const event = { event_id: yield* mintEventId, trigger_id: trigger.id, payload }
    const at = DateTime.formatIso(yield* DateTime.now)
    return itemOf(yield* scheduler.enqueue(dispatchFor(trigger, event, { at, plugin: "operator" }), 2))
  })
})

export const QueueHandlers = QueueRpcs.toLayer(Effect.gen(function*() {
  const queue = yield* DispatchQueue
  const scheduler = yield* Scheduler
  const dispatchOf = yield* makeDispatcher
  const find = yield* makeLookup
  const reorder = yield* makeReorder
  const page = yield* makePage
  const fire = yield* makeFire
  return QueueRpcs.of({
    "queue/list": (request) => answer(page(request)),
    "queue/enqueue": ({ definition, params = {}, priority, task_id }) =>
      answer(Effect.gen(function*() {
        const dispatch = yield* dispatchOf({ subject: task_id, definition, params })
        return itemOf(yield* scheduler.enqueue(dispatch, priority))
      })),
    "queue/drop": ({ id }) => done(Effect.flatMap(find(id), queue.drop)),
    "queue/hold": ({ id, reason }) => done(Effect.flatMap(find(id), (entry) => queue.hold(entry, reason))),
    "queue/release": ({ id }) => done(Effect.flatMap(find(id), queue.release)),
    "queue/reorder": ({ anchor_id, id, position, subject_ids }) =>
      done(reorder({ names: id === undefined ? subject_ids : [id], anchor: anchor_id, position })),
    "queue/stats": () =>
      Effect.map(queue.stats, ({ assigned, done, dropped, held, pending }) => ({
        ready: pending,
        held,
        in_flight: assigned,
        done_recent: done,
        dropped_recent: dropped
      })),
    "trigger/fire": ({ id, payload }) => answer(fire(id, payload))
  })
}))
