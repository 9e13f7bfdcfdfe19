/**
 * Tells notifier plugins what happens, for people who do not look. Advisory: nothing waits for a notifier; one that is slow
 * loses the oldest, each call has a deadline and none is repeated. At the end of the daemon what waits gets two seconds.
 */
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { type DaemonEventRecord, FlushResult, type NotifierEvent, NotifyResult } from "../../schemas/Notifier.ts"
import { kindsOf } from "../../schemas/PluginManifest.ts"
import { Backlog } from "../notify/Backlog.ts"
import { mintEventId, publishDaemonEvent, publishDaemonEvents } from "../notify/DaemonEvents.ts"
import { Notifications } from "../notify/Notifications.ts"
import { PluginCatalog } from "../plugin/PluginCatalog.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { isOwn, ofDaemon, ofRun, ownKind } from "./EventRecords.ts"

const LIMITS = { count: 1000, bytes: 8 * 1024 * 1024 }
const ONE = { count: 1, bytes: LIMITS.bytes }
const CALL_MILLIS = 10_000
const LAST_CALLS = "2 seconds"
/** What was published just before the end is on its way through this many turns. */
const LAST_TURNS = 8

interface Notifier {
  readonly plugin: string
  readonly backlog: Backlog<DaemonEventRecord>
}

const decodeNotified = Schema.decodeUnknownOption(NotifyResult)
const decodeFlushed = Schema.decodeUnknownOption(FlushResult)

/** What a notifier says of its deliveries is told to whoever listens to the daemon. */
const relay = (plugin: string, events: ReadonlyArray<NotifierEvent>) =>
  publishDaemonEvents(events.map(({ data, event_type }) => [ownKind(event_type), { plugin, data }]))

const trouble = (plugin: string, stage: string, message: string) =>
  Effect.andThen(
    Effect.logWarning(`notifier ${plugin} was not told: ${message}`),
    publishDaemonEvent("notification-runtime-error", { plugin, stage, message })
  )

/** Said once in a row of failures: what is in trouble is usually in trouble for a while. */
const makeTelling = ({ backlog, plugin }: Notifier) => {
  let troubled = false
  const tell = Effect.fnUntraced(function*(event: DaemonEventRecord) {
    const host = yield* PluginHost
    const answer = yield* host.call(plugin, "notifier/notify", { event }, { timeout: CALL_MILLIS })
    troubled = false
    yield* relay(plugin, Option.getOrUndefined(decodeNotified(answer))?.lifecycle_events ?? [])
    const lost = backlog.takeLost()
    if (lost > 0) yield* Effect.logWarning(`notifier ${plugin} was not told of ${lost} events before this one`)
  })
  return (events: ReadonlyArray<DaemonEventRecord>) =>
    Effect.forEach(events, (event) =>
      Effect.catch(tell(event), ({ message }) => {
        backlog.lose(1)
        if (troubled) return Effect.void
        troubled = true
        return trouble(plugin, "enqueue", message)
      }), { discard: true })
}

const flush = Effect.fnUntraced(
  function*({ plugin }: Notifier) {
    const host = yield* PluginHost
    const { projectRoot } = yield* ProjectScope
    if ((yield* host.status(plugin)).state !== "running") return
    const answer = yield* host.call(plugin, "notifier/flush", { project_root: projectRoot }, { timeout: CALL_MILLIS })
    yield* relay(plugin, Option.getOrUndefined(decodeFlushed(answer))?.lifecycle_events ?? [])
  },
  (effect, { plugin }) =>
    Effect.catch(
      effect,
      (error) => error._tag === "MethodNotSupported" ? Effect.void : trouble(plugin, "flush", error.message)
    )
)

/** All of them at the same time, within one bound. */
const takeLeave = (notifiers: ReadonlyArray<Notifier>) =>
  Effect.replicateEffect(Effect.yieldNow, LAST_TURNS, { discard: true }).pipe(
    Effect.andThen(Effect.forEach(
      notifiers,
      (notifier) => Effect.andThen(notifier.backlog.drained, flush(notifier)),
      { concurrency: "unbounded", discard: true }
    )),
    Effect.interruptible,
    Effect.timeoutOption(LAST_CALLS)
  )

/** Each event is one record for all, numbered as this daemon told them. */
const gather = Effect.fnUntraced(function*(notifiers: ReadonlyArray<Notifier>, feeds: Feeds) {
  const { projectRoot } = yield* ProjectScope
  let seq = 0
  const offer = (records: ReadonlyArray<DaemonEventRecord>) =>
    Effect.sync(() => {
      for (const { backlog } of notifiers) backlog.offer(records)
    })
  const lose = (lost: number) =>
    Effect.sync(() => {
      for (const { backlog } of notifiers) backlog.lose(lost)
    })
  const place = () => ({ seq: ++seq, projectRoot })
  const ofDaemonFeed = Stream.runForEach(feeds.daemon, (delivery) =>
    delivery._tag === "Lagged"
      ? lose(delivery.lost)
      : offer(delivery.items.filter((event) => !isOwn(event)).map((event) => ofDaemon(event, place()))))
  const ofRunFeed = Stream.runForEach(feeds.workflow, (delivery) =>
    delivery._tag === "Lagged"
      ? lose(delivery.lost)
      : Effect.flatMap(
        Effect.forEach(delivery.items, (event) => Effect.map(mintEventId, (id) => ofRun(event, id, place()))),
        offer
      ))
  yield* Effect.forkScoped(ofDaemonFeed)
  yield* Effect.forkScoped(ofRunFeed)
})

const subscribe = Effect.gen(function*() {
  const notifications = yield* Notifications
  return { daemon: yield* notifications.subscribe("daemon"), workflow: yield* notifications.subscribe("workflow") }
})
type Feeds = Effect.Success<typeof subscribe>

/** Its building waits for nothing; without a notifier plugin it listens to nothing. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const start = Effect.gen(function*() {
    const feeds = yield* subscribe
    const { plugins } = yield* catalog.discovery
    const notifiers = plugins
      .filter(({ manifest }) => kindsOf(manifest).includes("notifier"))
      .map(({ name }): Notifier => ({ plugin: name, backlog: new Backlog(LIMITS) }))
    if (notifiers.length === 0) return
    yield* gather(notifiers, feeds)
    for (const notifier of notifiers) {
      yield* Effect.forkScoped(notifier.backlog.deliver(ONE, makeTelling(notifier)))
    }
    yield* Effect.addFinalizer(() => takeLeave(notifiers))
    return yield* Effect.never
  })
  yield* Effect.forkScoped(Effect.scoped(start), { startImmediately: true })
}))
