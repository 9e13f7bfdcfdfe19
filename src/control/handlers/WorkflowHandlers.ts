/** `workflow/*`: begin runs, read them, steer them, watch them. */
import { Effect, Stream } from "effect"
import type { WorkflowEvent } from "../../../schemas/control/Events.ts"
import { WorkflowRpcs } from "../../../schemas/control/WorkflowRpcs.ts"
import type { RunId } from "../../../schemas/Ids.ts"
import type { RunHead } from "../../../schemas/RunEvent.ts"
import { Notifications } from "../../notify/Notifications.ts"
import { RunEngine } from "../../run/RunEngine.ts"
import { isEnd, workflowEvents } from "../../run/WorkflowEvents.ts"
import { Scheduler } from "../../schedule/Scheduler.ts"
import { isFinished } from "../../session/RunHead.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { makeBulk, makePrune } from "../BulkRuns.ts"
import { answer, done, invalid, runIdOf } from "../ControlFailure.ts"
import { makeDispatcher, type WorkRequest } from "../Dispatches.ts"
import { followRun } from "../RunFollow.ts"
import { listRuns, type PageQuery, showRun, statusOf } from "../RunPages.ts"
import { runsOn } from "../RunsOn.ts"
import { ended } from "../StreamEnd.ts"
import { acknowledged, watchTopic } from "../Watch.ts"

const makeQueries = Effect.gen(function*() {
  const engine = yield* RunEngine
  const store = yield* SessionStore
  return {
    list: (query: PageQuery) => listRuns(store, query),
    get: Effect.fnUntraced(function*(id: string) {
      const run = yield* runIdOf(id)
      const trouble = (yield* engine.troubles).find((one) => one.run === run)
      return showRun(store, yield* engine.get(run), trouble)
    })
  }
})

const begun = ({ run, started_at, status }: RunHead) => ({ workflow_id: run, status: statusOf[status], started_at })

const makeBegin = Effect.gen(function*() {
  const scheduler = yield* Scheduler
  const dispatchOf = yield* makeDispatcher
  return Effect.fnUntraced(function*(request: WorkRequest) {
    return begun(yield* scheduler.runNow(yield* dispatchOf(request)))
  })
})

/** The subscription of one run ends with that run, whether or not the last event is among the wanted kinds. */
const select = (workflow: string | undefined, kinds: ReadonlyArray<string> | undefined) => (event: WorkflowEvent) => {
  if (workflow !== undefined && event.workflow_id !== workflow) return Stream.empty
  const wanted = kinds === undefined || kinds.includes(event.kind) ? Stream.succeed(event) : Stream.empty
  if (workflow === undefined || !isEnd(event)) return wanted
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

interface EventsRequest {
  readonly workflow_id?: string
  readonly kinds?: ReadonlyArray<string>
  readonly after?: string | number
}

/** From a cursor on: ends with the run, in the words that end every subscription of one run. */
const makeReplay = Effect.gen(function*() {
  const notifications = yield* Notifications
  const store = yield* SessionStore
  return Effect.fnUntraced(function*(id: string, { after, kinds }: EventsRequest) {
    const wanted = kinds === undefined ? undefined : new Set([...kinds, "synced"])
    let caughtUp = false
    let last: WorkflowEvent | undefined
    const over = Effect.suspend(() =>
      Effect.fail(ended(`workflow ${id} has ended: ${last?.kind ?? "before the cursor"}`))
    )
    const all = yield* followRun({ notifications, store }, id, String(after))
    return all.pipe(
      Stream.tap((event) =>
        Effect.sync(() => {
          caughtUp ||= event.kind === "synced"
          if (event.kind !== "synced") last = event
        })
      ),
      // A run that was taken up again after its end has an end in the middle of its journal.
      Stream.takeUntil((event) => caughtUp && isEnd(event)),
      Stream.filter(({ kind }) => wanted === undefined || wanted.has(kind)),
      Stream.concat(Stream.fromEffect(over))
    )
  })
})

const makeEvents = Effect.gen(function*() {
  const notifications = yield* Notifications
  const finale = yield* makeFinale
  const replay = yield* makeReplay
  return Effect.fnUntraced(function*(request: EventsRequest) {
    const { after, kinds, workflow_id: workflow } = request
    if (after !== undefined) {
      if (workflow !== undefined) return yield* replay(workflow, request)
      return yield* answer(invalid("after is a cursor of one run: name it with workflow_id"))
    }
    // Looked at only once the subscription stands: an end that comes in between is in one of both.
    const coming = yield* watchTopic(notifications, "workflow", "close")
    const past = workflow === undefined ? [] : yield* answer(finale(workflow))
    return Stream.concat(Stream.fromIterable(past), coming).pipe(Stream.flatMap(select(workflow, kinds)))
  })
})

const onRun = <A, E>(id: string, command: (run: RunId) => Effect.Effect<A, E>) => Effect.flatMap(runIdOf(id), command)

export const WorkflowHandlers = WorkflowRpcs.toLayer(Effect.gen(function*() {
  const engine = yield* RunEngine
  const scheduler = yield* Scheduler
  const begin = yield* makeBegin
  const queries = yield* makeQueries
  const bulk = yield* makeBulk
  const prune = yield* makePrune
  const events = yield* makeEvents
  return WorkflowRpcs.of({
    "workflow/list": (query) => answer(queries.list(query)),
    "workflow/get": ({ id }) => answer(queries.get(id)),
    "workflow/run": ({ definition, override, params, task_id }) =>
      answer(begin({ subject: task_id, definition, params, override })),
    "workflow/execute": ({ definition, override, params = {}, subject_id }) =>
      answer(begin({ subject: subject_id, definition, params, override })),
    "workflow/pause": ({ id }) => done(onRun(id, (run) => engine.pause(run, "paused by an operator"))),
    "workflow/resume": ({ feedback, force, id }) =>
      done(
        onRun(id, (run) =>
          scheduler.follow(run, engine.resume(run, { force, ...(feedback === undefined ? {} : { feedback }) })))
      ),
    "workflow/cancel": ({ id, reason = "cancelled by an operator" }) =>
      answer(Effect.map(onRun(id, (run) => engine.cancel(run, reason)), runsOn)),
    "workflow/approve": ({ id, ...gate }) =>
      done(onRun(id, (run) => scheduler.follow(run, engine.approve({ run, ...gate })))),
    "workflow/reject": ({ id, ...gate }) =>
      done(onRun(id, (run) => scheduler.follow(run, engine.reject({ run, ...gate })))),
    "workflow/retry": ({ id, ...options }) =>
      done(onRun(id, (run) => scheduler.follow(run, engine.retry(run, options)))),
    "workflow/fork": ({ id, ...changes }) =>
      answer(onRun(id, (of) => Effect.map(scheduler.begin((run) => engine.fork(run, { of, ...changes })), begun))),
    "workflow/bulk": (request) => answer(bulk(request)),
    "workflow/prune": (request) => answer(prune(request)),
    "workflow/events": (request) => acknowledged(events(request))
  })
}))
