/** One run in memory: its state, its lock, and the one way to write to its journal. Append comes before publish, always. */
import { Effect, Latch, Semaphore } from "effect"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { publishDaemonEvents } from "../notify/DaemonEvents.ts"
import { Notifications } from "../notify/Notifications.ts"
import { isFinished } from "../session/RunHead.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { crashPoint } from "./CrashPoint.ts"
import { RecordWrites } from "./phases/SessionRecords.ts"
import { apply, type RunState } from "./RunState.ts"
import { closings, daemonFacts, workflowEvents } from "./WorkflowEvents.ts"

export interface RunActor {
  readonly run: RunId
  /** Held for every look at the state that leads to a write, never while a phase is performed. */
  readonly lock: Semaphore.Semaphore
  /** Open when no loop is driving the run. */
  readonly settled: Latch.Latch
  state: RunState | undefined
  /** An attempt is being performed by this daemon. */
  performing: boolean
  readonly records: RecordWrites
  /** The attempt this daemon began, or chose to resume, and has not performed yet; any other in flight is a dead daemon's. */
  fresh: { readonly phase: string; readonly attempt: number } | undefined
  /** This daemon began the run, or a person sent it on here: a plugin that executes it may be given it, once. */
  handsOver: boolean
  /** Counts the loops: one that was replaced leaves the latch to its successor. */
  loops: number
}

export const makeActor = (run: RunId): RunActor => ({
  run,
  lock: Semaphore.makeUnsafe(1),
  settled: Latch.makeUnsafe(true),
  state: undefined,
  performing: false,
  records: new RecordWrites(),
  fresh: undefined,
  handsOver: false,
  loops: 0
})

export const hasEnded = (state: RunState | undefined): boolean => state !== undefined && isFinished(state.head.status)

/** To whoever listens now. What agents said is closed first, so that nothing of it can come after. */
export const publishEvents = Effect.fnUntraced(function*(events: ReadonlyArray<WorkflowEvent>) {
  const { publish } = yield* Notifications
  yield* publish("agent", closings(events))
  yield* publish("workflow", events)
})

/** Durable, then remembered, then published; cannot be interrupted in between. Several are one write. Called with the actor's lock held. */
export const commit = Effect.fnUntraced(
  function*(actor: RunActor, event: RunEvent, ...next: ReadonlyArray<RunEvent>) {
    const store = yield* SessionStore
    yield* crashPoint("before-append")
    const entries = yield* store.append(actor.run, actor.state?.head.sequence ?? 0, [event, ...next])
    yield* crashPoint("after-append")
    for (const entry of entries) {
      const state = apply(actor.run, actor.state, entry)
      actor.state = state
      if (state === undefined) continue
      yield* publishEvents(workflowEvents(state, entry))
      const facts = daemonFacts(state, entry)
      if (facts.length > 0) yield* publishDaemonEvents(facts)
    }
  },
  Effect.uninterruptible
)
