/** `workflow/*`: begin runs, read them, steer them, watch them. */
import { Effect, Schema, Stream } from "effect"
import type { WorkflowEvent } from "../../../schemas/control/Events.ts"
import { WorkflowRpcs, type WorkflowStatus } from "../../../schemas/control/WorkflowRpcs.ts"
import type { RunId } from "../../../schemas/Ids.ts"
import type { RunHead, RunStatus } from "../../../schemas/RunEvent.ts"
import { Notifications } from "../../notify/Notifications.ts"
import { RunEngine } from "../../run/RunEngine.ts"
import { runDetail } from "../../run/RunView.ts"
import { workflowEvents } from "../../run/WorkflowEvents.ts"
import { Scheduler } from "../../schedule/Scheduler.ts"
import { isFinished } from "../../session/RunHead.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { answer, done, runIdOf } from "../ControlFailure.ts"
import { makeDispatcher, type WorkRequest } from "../Dispatches.ts"
import { ended } from "../StreamEnd.ts"
import { acknowledged, watchTopic } from "../Watch.ts"

/** Everything that waits for somebody is `paused` here; `detail.state` says what for. */
const statusOf: { readonly [K in RunStatus]: WorkflowStatus } = {
  running: "running",
  waiting: "paused",
  paused: "paused",
  blocked: "paused",
  escalated: "paused",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled"
}

const statusesOf = (status: WorkflowStatus): ReadonlyArray<RunStatus> =>
  Object.keys(statusOf).filter((key): key is RunStatus => statusOf[key as RunStatus] === status)

const summaryOf = ({ finished_at, run, started_at, status, subject_id, workflow }: RunHead) => ({
  id: run,
  definition: workflow,
  status: statusOf[status],
  started_at,
  ...(subject_id === undefined ? {} : { subject_id }),
  ...(finished_at === undefined ? {} : { finished_at })
})

const decodeJson = Schema.decodeUnknownEffect(Schema.Json)

const makeQueries = Effect.gen(function*() {
  const engine = yield* RunEngine
  const store = yield* SessionStore
  return {
    list: Effect.fnUntraced(function*(query: {
      readonly status?: WorkflowStatus
      readonly cursor?: string
      readonly limit?: number
    }) {
      const { status, ...page } = query
      // Runs that wait for capacity are in the queue; none of them has begun.
      if (status === "pending") return { runs: [] }
      const { heads, nextCursor } = yield* store.heads(
        status === undefined ? page : { ...page, status: statusesOf(status) }
      )
      const unreadable = query.cursor === undefined ? yield* store.unreadable : []
      return {
        runs: heads.map(summaryOf),
        ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }),
        ...(unreadable.length === 0
          ? {}
          : { unreadable: unreadable.map(({ failure, run }) => ({ id: run, reason: failure.message })) })
      }
    }),
    get: Effect.fnUntraced(function*(id: string) {
      const run = yield* runIdOf(id)
      const state = yield* engine.get(run)
      const location = store.location(run) ?? null
      // A run is made of what was read from JSON, so its view cannot but be JSON.
      const detail = yield* Effect.orDie(decodeJson({ ...runDetail(state), location }))
      return { ...summaryOf(state.head), detail }
    })
  }
})

const makeBegin = Effect.gen(function*() {
  const scheduler = yield* Scheduler
  const dispatchOf = yield* makeDispatcher
  return Effect.fnUntraced(function*(request: WorkRequest) {
    const head = yield* scheduler.runNow(yield* dispatchOf(request))
    return { workflow_id: head.run, status: statusOf[head.status], started_at: head.started_at }
  })
})

const terminal = new Set(["workflow_completed", "workflow_failed", "workflow_cancelled"])

/** The subscription of one run ends with that run, whether or not the last event is among the wanted kinds. */
const select = (workflow: string | undefined, kinds: ReadonlyArray<string> | undefined) => (event: WorkflowEvent) => {
  if (workflow !== undefined && event.workflow_id !== workflow) return Stream.empty
  const wanted = kinds === undefined || kinds.includes(event.kind) ? Stream.succeed(event) : Stream.empty
  if (workflow === undefined || !terminal.has(event.kind)) return wanted
  return Stream.concat(wanted, Stream.fail(ended(`workflow ${workflow} has ended: ${event.kind}`)))
}

/**
 * The last event of a run that has ended: who subscribes too late gets it again, and then the same end as everybody. Of a
 * run that nobody knows nothing is said, for the id is only a filter.
 */
const makeFinale = Effect.gen(function*() {
  const engine = yield* RunEngine
  const store = yield* SessionStore
  return Effect.fnUntraced(function*(id: string) {
    const run = yield* runIdOf(id)
    const state = yield* engine.get(run)
    const { sequence, status } = state.head
    return isFinished(status)
      ? (yield* store.read(run, sequence - 1)).flatMap((entry) => workflowEvents(state, entry))
      : []
  }, Effect.catchTag("RunNotFound", () => Effect.succeed([])))
})

const makeEvents = Effect.gen(function*() {
  const notifications = yield* Notifications
  const finale = yield* makeFinale
  return Effect.fnUntraced(function*(workflow: string | undefined, kinds: ReadonlyArray<string> | undefined) {
    // Looked at only once the subscription stands: an end that comes in between is in one of both.
    const coming = yield* watchTopic(notifications, "workflow", "close")
    const past = workflow === undefined ? [] : yield* answer(finale(workflow))
    return Stream.concat(Stream.fromIterable(past), coming).pipe(Stream.flatMap(select(workflow, kinds)))
  })
})

const onRun = <A, E>(id: string, command: (run: RunId) => Effect.Effect<A, E>) => Effect.flatMap(runIdOf(id), command)

export const WorkflowHandlers = WorkflowRpcs.toLayer(Effect.gen(function*() {
  const engine = yield* RunEngine
  const begin = yield* makeBegin
  const queries = yield* makeQueries
  const events = yield* makeEvents
  return WorkflowRpcs.of({
    "workflow/list": (query) => answer(queries.list(query)),
    "workflow/get": ({ id }) => answer(queries.get(id)),
    "workflow/run": ({ definition, params, task_id }) => answer(begin({ subject: task_id, definition, params })),
    "workflow/execute": ({ definition, params = {}, subject_id }) =>
      answer(begin({ subject: subject_id, definition, params })),
    "workflow/pause": ({ id }) => done(onRun(id, (run) => engine.pause(run, "paused by an operator"))),
    "workflow/resume": ({ feedback, force, id }) =>
      done(onRun(id, (run) => engine.resume(run, { force, ...(feedback === undefined ? {} : { feedback }) }))),
    "workflow/cancel": ({ id, reason = "cancelled by an operator" }) =>
      done(onRun(id, (run) => engine.cancel(run, reason))),
    "workflow/approve": ({ id, ...gate }) => done(onRun(id, (run) => engine.approve({ run, ...gate }))),
    "workflow/reject": ({ id, ...gate }) => done(onRun(id, (run) => engine.reject({ run, ...gate }))),
    "workflow/events": ({ kinds, workflow_id }) => acknowledged(events(workflow_id, kinds))
  })
}))
