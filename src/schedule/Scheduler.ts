/**
 * Turns queued dispatches into runs, as capacity allows. Pausing stops new dispatch only: what runs goes on. Waiting and
 * blocked runs hold no capacity.
 */
import { Context, type Effect } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { StartError } from "../run/RunEngine.ts"

export interface SchedulerStatus {
  readonly paused: boolean
  readonly active: number
  readonly capacity: number
}

export class Scheduler extends Context.Service<Scheduler, {
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
  /** Starts now, ahead of the queue; counts against capacity but does not wait for it. */
  readonly runNow: (dispatch: SubjectDispatch) => Effect.Effect<RunHead, StartError>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly status: Effect.Effect<SchedulerStatus>
}>()("animus/schedule/Scheduler") {}
