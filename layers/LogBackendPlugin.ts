/**
 * The log kept by a plugin in addition to the file: the file is always written, and is the only one of the two that a record
 * cannot be missing from because somebody was slow. Asked for, both answer as one: what the file has is told as it stands there,
 * what only the plugin has is marked as told by it, and a plugin that does not answer is left out.
 */
import { Deferred, Effect, Layer, Option, PubSub, Schedule, Schema, Stream } from "effect"
import type { PluginError } from "../schemas/errors/PluginErrors.ts"
import { type LogEntry, type LogQuery, StoredLogEvent, StoredLogPage } from "../schemas/Log.ts"
import { kindsOf } from "../schemas/PluginManifest.ts"
import { LogBackend } from "../src/log/LogBackend.ts"
import { logFilter } from "../src/log/LogFilter.ts"
import { Backlog } from "../src/notify/Backlog.ts"
import { publishDaemonEvent } from "../src/notify/DaemonEvents.ts"
import { Notifications } from "../src/notify/Notifications.ts"
import { PluginCatalog } from "../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { isSet } from "../src/project/Switch.ts"
import { mergePages, queryOfEach } from "./LogMerge.ts"

export const DISABLE_VARIABLE = "ANIMUS_DAEMON_DISABLE_LOG_STORAGE_PLUGIN"

const LIMITS = { count: 10_000, bytes: 16 * 1024 * 1024 }
/** Records and bytes of one call. */
const BATCH = { count: 500, bytes: 1024 * 1024 }
const STORE_MILLIS = 10_000
const QUERY_MILLIS = 2_000
const LAST_CALLS = "200 millis"
/** What the file has just published is on its way through this many turns. */
const LAST_TURNS = 8
/** Ids by which a tail tells apart what it heard from the file already. */
const KNOWN = 4096

const again = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])

const decodePage = Schema.decodeUnknownOption(StoredLogPage)
const decodeEvent = Schema.decodeUnknownOption(StoredLogEvent)

/** One plugin, never several: what is stored twice would be found twice. */
const choose = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const { env } = yield* HostEnvironment
  const { plugins } = yield* catalog.discovery
  const [first, ...others] = plugins
    .filter(({ manifest }) => kindsOf(manifest).includes("log_storage_backend"))
    .map(({ name }) => name)
    .toSorted()
  const disabled = isSet(env[DISABLE_VARIABLE])
  const warnings = others.length === 0 || disabled
    ? []
    : [
      `${others.length + 1} plugins store logs; ${first} is used, not ${others.join(", ")}: uninstall what is not meant`
    ]
  yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning))
  if (first === undefined) return undefined
  yield* publishDaemonEvent("log-storage-dispatch-resolved", {
    plugin: disabled ? null : first,
    candidate_count: others.length + 1,
    disable_env_set: disabled,
    warnings
  })
  return disabled ? undefined : first
})

/** The plugin may come back, or be brought back by an operator; anything it says itself stands. */
const mayPass = ({ _tag }: PluginError): boolean =>
  _tag === "ConnectionLost" || _tag === "PluginCrashed" || _tag === "RequestTimedOut" ||
  _tag === "RestartBudgetExhausted" || _tag === "HandshakeFailed" || _tag === "TooManyPlugins"

/** Kept by the plugin at least once: what it did not confirm it gets again, under the same ids. */
const makeStoring = (plugin: string, backlog: Backlog<LogEntry>) => {
  let troubled = false
  const told = ({ message }: PluginError) => {
    if (troubled) return Effect.void
    troubled = true
    return Effect.logWarning(`records wait for log plugin ${plugin}, or are left to the file alone: ${message}`)
  }
  return Effect.fnUntraced(function*(entries: ReadonlyArray<LogEntry>) {
    const host = yield* PluginHost
    const kept = yield* host.call(plugin, "log_storage/store", { entries }, { timeout: STORE_MILLIS }).pipe(
      Effect.tapError(told),
      Effect.retry({ while: mayPass, schedule: again }),
      Effect.isSuccess
    )
    if (!kept) return backlog.lose(entries.length)
    const lost = backlog.takeLost()
    if (troubled || lost > 0) {
      yield* Effect.logInfo(`log plugin ${plugin} takes records again; ${lost} are in the file alone`)
    }
    troubled = false
  })
}

/** What the plugin says of itself would come back to it for ever. */
const isOf = (plugin: string) => (entry: LogEntry): boolean => entry.source === "plugin" && entry.source_name === plugin

const tee = Effect.fnUntraced(function*(file: LogBackend["Service"], chosen: Deferred.Deferred<string | undefined>) {
  const notifications = yield* Notifications
  const deliveries = yield* notifications.subscribe("log")
  const plugin = yield* choose
  yield* Deferred.succeed(chosen, plugin)
  if (plugin === undefined) return
  const backlog = new Backlog<LogEntry>(LIMITS)
  const its = isOf(plugin)
  yield* Effect.forkScoped(Stream.runForEach(deliveries, (delivery) =>
    Effect.sync(() =>
      delivery._tag === "Items"
        ? backlog.offer(delivery.items.filter((entry) => !its(entry)))
        : backlog.lose(delivery.lost)
    )))
  yield* Effect.forkScoped(backlog.deliver(BATCH, makeStoring(plugin, backlog)))
  // To query is to have the file write, and tell, what it still holds.
  const last = Effect.ignore(file.query({ limit: 1, follow: false })).pipe(
    Effect.andThen(Effect.replicateEffect(Effect.yieldNow, LAST_TURNS, { discard: true })),
    Effect.andThen(backlog.drained)
  )
  yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(last), LAST_CALLS))
  return yield* Effect.never
})

/** A plugin that is not up now is not waited for. */
const ask = Effect.fnUntraced(function*(plugin: string, query: LogQuery) {
  const host = yield* PluginHost
  if ((yield* host.status(plugin)).state !== "running") return undefined
  const answer = yield* host.call(plugin, "log_storage/query", query, { timeout: QUERY_MILLIS })
  return Option.getOrUndefined(decodePage(answer))
}, (effect, plugin) =>
  Effect.catch(effect, (error) =>
    Effect.as(
      error._tag === "MethodNotSupported"
        ? Effect.void
        : Effect.logWarning(`log plugin ${plugin} did not answer a query, the file alone did: ${error.message}`),
      undefined
    )))

/** Nobody can tell what a plugin did to a record, so what comes from it says so. */
const toldBy = (plugin: string) => (entry: LogEntry): LogEntry => ({ ...entry, told_by: plugin })

/** What others put into the plugin's log, to everybody who follows ours; asked for anew after each restart. */
const follow = Effect.fnUntraced(function*(plugin: string, foreign: PubSub.PubSub<LogEntry>) {
  const host = yield* PluginHost
  const frames = yield* host.notifications(plugin)
  let tail: number | undefined
  yield* host.call(plugin, "log_storage/tail", { follow: true }, {
    timeout: QUERY_MILLIS,
    onId: (id) => {
      tail = id
    }
  })
  yield* Stream.runForEach(frames, (batch) => {
    const entries = batch.flatMap(({ method, params }) => {
      const event = method === "log_storage/event" ? Option.getOrUndefined(decodeEvent(params)) : undefined
      return event !== undefined && "entry" in event && String(event.id) === String(tail) ? [event.entry] : []
    })
    return PubSub.publishAll(foreign, entries.map(toldBy(plugin)))
  })
}, Effect.scoped)

/** Of what the plugin tells, only what the file has not told. */
const makeKnown = () => {
  const known = new Set<string>()
  return ({ id, told_by }: LogEntry): boolean => {
    if (told_by !== undefined && known.has(id)) return false
    known.add(id)
    for (const oldest of known) {
      if (known.size <= KNOWN) break
      known.delete(oldest)
    }
    return true
  }
}

const makeTail = Effect.fnUntraced(function*(file: LogBackend["Service"], plugin: Effect.Effect<string | undefined>) {
  const foreign = yield* PubSub.sliding<LogEntry>(1024)
  const scope = yield* Effect.scope
  const services = yield* Effect.context<PluginHost>()
  const following = yield* Effect.cached(
    Effect.gen(function*() {
      const name = yield* plugin
      if (name === undefined) return
      const lasting = Effect.repeat(follow(name, foreign), Schedule.spaced("5 seconds")).pipe(
        Effect.retry({ while: mayPass, schedule: again }),
        Effect.ignore
      )
      yield* Effect.forkIn(Effect.provideContext(lasting, services), scope)
    })
  )
  return Effect.fn("LogBackendPlugin.tail")(function*(query: LogQuery) {
    const subscription = yield* PubSub.subscribe(foreign)
    const own = yield* file.tail(query)
    yield* Effect.forkIn(following, scope)
    const others = Stream.filter(Stream.fromSubscription(subscription), logFilter(query))
    return Stream.filter(Stream.merge(own, others, { haltStrategy: "left" }), makeKnown())
  })
})

/** Over the backend that is there, which stays what rooms below write to. Its building waits for nothing. */
export const layer = Layer.effect(
  LogBackend,
  Effect.gen(function*() {
    const file = yield* LogBackend
    const services = yield* Effect.context<PluginHost>()
    const chosen = yield* Deferred.make<string | undefined>()
    yield* Effect.forkScoped(Effect.scoped(tee(file, chosen)), { startImmediately: true })
    /** Until it is known which one, there is none. */
    const plugin = Effect.suspend(() => Deferred.isDoneUnsafe(chosen) ? Deferred.await(chosen) : Effect.undefined)
    return LogBackend.of({
      append: file.append,
      query: Effect.fn("LogBackendPlugin.query")(function*(query: LogQuery) {
        const name = yield* plugin
        if (name === undefined) return yield* file.query(query)
        const each = queryOfEach(query)
        const [own, other] = yield* Effect.all([file.query(each), Effect.provideContext(ask(name, each), services)], {
          concurrency: 2
        })
        const theirs = other === undefined
          ? []
          : [{ entries: other.entries.map(toldBy(name)), nextCursor: other.next_cursor }]
        return mergePages(query, [own, ...theirs])
      }),
      tail: yield* makeTail(file, Deferred.await(chosen))
    })
  })
)
