/**
 * Work that waits for capacity. Durable before `enqueue` returns; ordered by priority, then age, unless an operator says
 * otherwise. A lease carries the run id that was minted for it, and a completion by that run id can never strand an entry.
 */
import { Clock, Context, DateTime, Effect, Queue, Semaphore } from "effect"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { QueueEntryBusy, QueueEntryNotFound, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import {
  apply,
  assign,
  assignedTo,
  decideReorder,
  deferralOf,
  duplicateOf,
  entryFor,
  isHeldUp,
  isOver,
  isPending,
  isUnassigned,
  nextReady,
  type Position,
  type QueueEvent,
  type QueueState,
  type QueueStats,
  statsOf,
  untilReady
} from "./QueueState.ts"
import { mintEntryId } from "./RunIds.ts"

export type QueueError = QueueEntryNotFound | QueueEntryBusy | SessionStoreFailed

/** Where a queue keeps its events; durable when `append` returns, or not kept at all. */
export interface QueueJournal {
  readonly initial: QueueState
  readonly append: (event: QueueEvent) => Effect.Effect<void, SessionStoreFailed>
}

/** A clock that is set, and a machine that slept, are noticed this soon. */
const LONGEST_SLEEP = 60_000

/** The state, and the one way to change it. */
const makeLedger = Effect.fnUntraced(function*(journal: QueueJournal) {
  let state = journal.initial
  const turn = yield* Semaphore.make(1)
  const signal = yield* Queue.sliding<void>(1)

  const keep = Effect.fnUntraced(function*(event: QueueEvent) {
    yield* journal.append(event)
    state = apply(state, event)
    yield* Queue.offer(signal, undefined)
  }, Effect.uninterruptible)

  /** Decided and kept in one turn: what is durable is also remembered, whoever gives up waiting. */
  const transact = <A, E>(
    decide: (state: QueueState) => Effect.Effect<readonly [A, QueueEvent | undefined], E>
  ): Effect.Effect<A, E | SessionStoreFailed> =>
    Effect.suspend(() => decide(state)).pipe(
      Effect.flatMap(([answer, event]) => Effect.as(event === undefined ? Effect.void : keep(event), answer)),
      turn.withPermit
    )

  const always = (decide: (state: QueueState) => QueueEvent | undefined) =>
    transact((state) => Effect.succeed([undefined, decide(state)] as const))

  return { look: () => state, transact, always, changed: Queue.take(signal) }
})

/** What the scheduler does with entries. */
const leases = ({ always, look, transact }: Effect.Success<ReturnType<typeof makeLedger>>) => ({
  lease: Effect.fn("DispatchQueue.lease")((run: RunId) =>
    transact((state) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const entry = nextReady(state, now)
        return entry === undefined
          ? [undefined, undefined] as const
          : [assign(entry, run), { _tag: "Leased", entry: entry.id, run }] as const
      })
    )
  ),
  refuse: (run: RunId, reason: string) =>
    always((state) => assignedTo(state, run) === undefined ? undefined : { _tag: "Returned", run, reason }),
  defer: (run: RunId, reason: string) =>
    transact((state) =>
      Effect.map(DateTime.now, (now) => {
        const entry = assignedTo(state, run)
        if (entry === undefined) return [undefined, undefined] as const
        const until = DateTime.formatIso(DateTime.add(now, { milliseconds: deferralOf(entry) }))
        return [until, { _tag: "Returned", run, reason, until }] as const
      })
    ),
  complete: (run: RunId) =>
    always((state) => assignedTo(state, run) === undefined ? undefined : { _tag: "Completed", run }),
  awaitDue: Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const left = untilReady(look(), now)
    return left === undefined ? Effect.never : Effect.sleep(Math.min(left, LONGEST_SLEEP))
  })
})

export class DispatchQueue extends Context.Service<DispatchQueue, {
  /**
   * The same subject and workflow already in the queue: that entry is returned, no second one is made. Nor is one of an event
   * that was in the queue lately.
   */
  readonly enqueue: (dispatch: SubjectDispatch, priority: number) => Effect.Effect<QueueEntry, SessionStoreFailed>
  /** In the order in which they will be leased. */
  readonly list: Effect.Effect<ReadonlyArray<QueueEntry>>
  readonly hold: (entry: string, reason: string | undefined) => Effect.Effect<void, QueueError>
  readonly release: (entry: string) => Effect.Effect<void, QueueError>
  readonly drop: (entry: string) => Effect.Effect<void, QueueError>
  readonly reorder: (entries: ReadonlyArray<string>, position: Position) => Effect.Effect<void, QueueError>
  /**
   * The next entry that waits for nothing else becomes assigned to `run`, those that were deferred after all others;
   * undefined when there is none, or the queue is paused.
   */
  readonly lease: (run: RunId) => Effect.Effect<QueueEntry | undefined, SessionStoreFailed>
  /** The run could not be started: its entry is held with the reason, for an operator to release. */
  readonly refuse: (run: RunId, reason: string) => Effect.Effect<void, SessionStoreFailed>
  /** What the start needs is away: its entry waits for a while, longer each time in a row. Returns until when. */
  readonly defer: (run: RunId, reason: string) => Effect.Effect<string | undefined, SessionStoreFailed>
  /** The run ended; its entry goes away. No entry for that run is no error. */
  readonly complete: (run: RunId) => Effect.Effect<void, SessionStoreFailed>
  /** Once it returns nothing more is leased, by any later daemon either, until `resume`. */
  readonly pause: Effect.Effect<void, SessionStoreFailed>
  readonly resume: Effect.Effect<void, SessionStoreFailed>
  readonly paused: Effect.Effect<boolean>
  readonly stats: Effect.Effect<QueueStats>
  /** Waits until a deferred entry may be due, at most a minute; for ever when there is none, or the queue is paused. */
  readonly awaitDue: Effect.Effect<void>
  /** Returns once the queue has changed since the last wait. For one waiter: the scheduler. */
  readonly changed: Effect.Effect<void>
}>()("animus/schedule/DispatchQueue") {
  static readonly make = Effect.fnUntraced(function*(journal: QueueJournal) {
    const ledger = yield* makeLedger(journal)
    const { always, changed, look, transact } = ledger
    const onEntry = (id: string, verb: string, allows: (entry: QueueEntry) => boolean, event: QueueEvent) =>
      transact((state) => Effect.as(Effect.fromResult(entryFor(state, id, verb, allows)), [undefined, event] as const))

    return DispatchQueue.of({
      enqueue: Effect.fn("DispatchQueue.enqueue")(function*(dispatch: SubjectDispatch, priority: number) {
        const fresh: QueueEntry = {
          id: yield* mintEntryId,
          dispatch,
          priority,
          state: "pending",
          enqueued_at: DateTime.formatIso(yield* DateTime.now)
        }
        return yield* transact((state) => {
          const known = duplicateOf(state, dispatch)
          return Effect.succeed(
            known === undefined && !isOver(state, dispatch)
              ? [fresh, { _tag: "Enqueued", entry: fresh }] as const
              : [known ?? fresh, undefined] as const
          )
        })
      }),
      list: Effect.sync(() => look().entries),
      hold: (entry, reason) =>
        onEntry(entry, "hold", isPending, { _tag: "Held", entry, ...(reason === undefined ? {} : { reason }) }),
      release: (entry) => onEntry(entry, "release", isHeldUp, { _tag: "Released", entry }),
      drop: (entry) => onEntry(entry, "drop", isUnassigned, { _tag: "Dropped", entry }),
      reorder: (entries, position) =>
        transact((state) =>
          Effect.map(Effect.fromResult(decideReorder(state, entries, position)), (event) => [undefined, event] as const)
        ),
      ...leases(ledger),
      pause: always(({ paused }) => paused ? undefined : { _tag: "Paused" }),
      resume: always(({ paused }) => paused ? { _tag: "Resumed" } : undefined),
      paused: Effect.sync(() => look().paused),
      stats: Effect.sync(() => statsOf(look())),
      changed
    })
  })
}
