/** Runs as `workflow/list` and `workflow/get` show them, whoever reads the store. */
import { Effect } from "effect"
import type { WorkflowStatus } from "../../schemas/control/WorkflowRpcs.ts"
import { RunNotFound } from "../../schemas/errors/RunErrors.ts"
import type { RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import { project, type RunState } from "../run/RunState.ts"
import type { RunTrouble } from "../run/RunTrouble.ts"
import { runDetail } from "../run/RunView.ts"
import { isOrder } from "../session/JournalCodec.ts"
import type { SessionStore } from "../session/SessionStore.ts"
import { invalid, runIdOf } from "./ControlFailure.ts"

type Store = SessionStore["Service"]

export interface PageQuery {
  readonly status?: WorkflowStatus
  readonly state?: RunStatus
  readonly cursor?: string
  readonly limit?: number
}

/** Everything that waits for somebody is `paused` here; `detail.state` says what for. */
export const statusOf: { readonly [K in RunStatus]: WorkflowStatus } = {
  running: "running",
  waiting: "paused",
  sleeping: "paused",
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
  state: status,
  started_at,
  ...(subject_id === undefined ? {} : { subject_id }),
  ...(finished_at === undefined ? {} : { finished_at })
})

export const listRuns = Effect.fnUntraced(function*(store: Store, query: PageQuery) {
  const { state, status, ...page } = query
  if (page.cursor !== undefined && !isOrder(page.cursor)) {
    return yield* invalid(`"${page.cursor}" is no cursor of workflow/list: take next_cursor of the page before`)
  }
  // Runs that wait for capacity are in the queue; none of them has begun.
  if (status === "pending") return { runs: [] }
  const wanted = status === undefined ? undefined : statusesOf(status)
  const states = state === undefined ? wanted : [state].filter((one) => wanted?.includes(one) !== false)
  if (states?.length === 0) return { runs: [] }
  const { heads, nextCursor } = yield* store.heads(states === undefined ? page : { ...page, status: states })
  const unreadable = query.cursor === undefined ? yield* store.unreadable : []
  return {
    runs: heads.map(summaryOf),
    ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }),
    ...(unreadable.length === 0
      ? {}
      : { unreadable: unreadable.map(({ failure, run }) => ({ id: run, reason: failure.message })) })
  }
})

export const showRun = (store: Store, state: RunState, trouble?: RunTrouble) => {
  const location = store.location(state.head.run)
  return { ...summaryOf(state.head), detail: runDetail(state, { location, trouble }) }
}

/** The same of a run that nobody has in memory. */
export const readRun = Effect.fnUntraced(function*(store: Store, id: string) {
  const run = yield* runIdOf(id)
  const state = project(run, yield* store.read(run))
  return showRun(store, state ?? (yield* new RunNotFound({ run })))
})
