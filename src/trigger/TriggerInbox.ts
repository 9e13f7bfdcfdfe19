/**
 * Takes the events of one trigger plugin, in order: work is durably queued first, then the plugin's place and the event's id
 * are kept, then the answer is given. A crash in between repeats an event, and loses none; a queue that is slow or away makes
 * the plugin wait. Events about what is queued already wait their turn here, at most 1000 a trigger, the oldest are dropped.
 */
import { DateTime, Effect, Latch, Semaphore } from "effect"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { TriggerAck, TriggerDefinition, TriggerEvent } from "../../schemas/Trigger.ts"
import { publishDaemonEvents } from "../notify/DaemonEvents.ts"
import { Notifications } from "../notify/Notifications.ts"
import { route } from "./TriggerRouting.ts"
import { lineOf, TriggerState } from "./TriggerState.ts"
import { TriggerStore } from "./TriggerStore.ts"
import { TriggerTarget } from "./TriggerTarget.ts"
import { untilDone } from "./UntilDone.ts"

/** What none of the protocol's ids is longer than; it is remembered for long. */
const LONGEST_ID = 1024
const LOOK_AGAIN = "1 second"

/** The plugin waits meanwhile; what it sent stays with it or in its pipe. */
const patiently = <A>(plugin: string, write: Effect.Effect<A, SessionStoreFailed>) =>
  untilDone(write, (message) => `events of plugin ${plugin} wait until they can be kept: ${message}`)

/** The way of one plugin's work into the queue, by the place where it waits when it cannot go at once. */
const makeQueueing = Effect.fnUntraced(function*(plugin: string, state: TriggerState) {
  const store = yield* TriggerStore
  const target = yield* TriggerTarget
  const waiting = yield* Latch.make(state.pending.length > 0)

  const save = Effect.suspend(() => Effect.map(patiently(plugin, store.save(plugin, state.record)), () => state.kept()))

  /** False while another piece of work about the same subject is in the queue. */
  const enqueue = (dispatch: SubjectDispatch) =>
    Effect.map(
      patiently(plugin, target.enqueue(dispatch, dispatch.priority ?? 0)),
      (entry) => entry.dispatch.subject.metadata["event"] === dispatch.subject.metadata["event"]
    )

  const take = Effect.fnUntraced(function*(trigger: string, dispatch: SubjectDispatch) {
    if (!state.waits({ trigger, dispatch }) && (yield* enqueue(dispatch))) return
    const dropped = state.wait({ trigger, dispatch })
    yield* Latch.open(waiting)
    if (dropped === 0) return
    yield* Effect.logWarning(
      `${dropped} waiting events of trigger ${trigger} were dropped, the oldest first: too many wait for work that is queued ` +
        `(${state.dropped} of plugin ${plugin} so far)`
    )
  })

  const drain = Effect.gen(function*() {
    const busy = new Set<string>()
    const before = state.pending.length
    for (const event of state.pending) {
      if (busy.has(lineOf(event))) continue
      if (yield* enqueue(event.dispatch)) state.settle(event)
      else busy.add(lineOf(event))
    }
    if (state.pending.length < before) yield* save
    if (state.pending.length === 0) yield* Latch.close(waiting)
  })

  return { save, take, drain, waits: waiting.await }
})

export const makeInbox = Effect.fnUntraced(function*(plugin: string) {
  const store = yield* TriggerStore
  const notifications = yield* Notifications
  const state = new TriggerState(yield* store.load(plugin))
  const { drain, save, take, waits } = yield* makeQueueing(plugin, state)
  const turn = yield* Semaphore.make(1)
  let last: string | undefined

  /** What becomes of an event; it is kept with the rest of its batch. */
  const accept = Effect.fnUntraced(function*(event: TriggerEvent, triggers: ReadonlyArray<TriggerDefinition>) {
    const { event_id } = event
    if (event_id.length > LONGEST_ID) return { event_id, status: "failed" as const }
    if (state.knows(event_id)) return { event_id, status: "queued" as const }
    const routed = route(event, { plugin, triggers, at: DateTime.formatIso(yield* DateTime.now) })
    if (routed !== undefined) {
      yield* take(routed.trigger, routed.dispatch)
      state.know(event_id)
    }
    state.moveTo(event)
    return { event_id, status: routed === undefined ? "unmatched" as const : "queued" as const }
  })

  const told = (events: ReadonlyArray<TriggerEvent>, acks: ReadonlyArray<TriggerAck>) =>
    publishDaemonEvents(events.map(({ event_id, trigger_id }, at) => [
      "trigger-plugin-event",
      { plugin, event_id, trigger_id: trigger_id ?? null, routed: acks[at]?.status === "queued" }
    ])).pipe(Effect.provideService(Notifications, notifications))

  return {
    cursor: Effect.sync(() => state.cursor),
    /** The event that was answered last, by this daemon. */
    last: Effect.sync(() => last),
    counts: Effect.sync(() => ({ pending: state.pending.length, dropped: state.dropped })),
    /** One answer an event, once all of them are kept. */
    accept: (events: ReadonlyArray<TriggerEvent>, triggers: ReadonlyArray<TriggerDefinition>) =>
      Effect.gen(function*() {
        const acks: ReadonlyArray<TriggerAck> = yield* Effect.forEach(events, (event) => accept(event, triggers))
        if (state.changed) yield* save
        last = acks.at(-1)?.event_id ?? last
        yield* told(events, acks)
        return acks
      }).pipe(turn.withPermit),
    /** Queues what waits, as soon as what it waits for has left the queue. Never returns. */
    drain: waits.pipe(
      Effect.andThen(Effect.sleep(LOOK_AGAIN)),
      Effect.andThen(turn.withPermit(drain)),
      Effect.forever
    )
  }
})

export type TriggerInbox = Effect.Success<ReturnType<typeof makeInbox>>
