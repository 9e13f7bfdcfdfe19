/** Where the work that triggers start goes: the queue, seen from below. */
import { Context, type Effect } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"

export class TriggerTarget extends Context.Service<TriggerTarget, {
  /** Durable when it returns; the entry of the same work when that is queued already. */
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
}>()("animus/trigger/TriggerTarget") {}
