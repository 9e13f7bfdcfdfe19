/**
 * Work that starts from outside: one subscription a trigger plugin, renewed whenever its process or its stream ended, for as
 * long as the daemon runs. At least once; an event that was taken is known by its id across restarts; every event is kept
 * before its plugin hears so. Plugins of this kind are the only ones that are watched; without one nothing is done.
 */
import { Context, Duration, Effect, Layer, Ref, Schedule, type Scope, Stream } from "effect"
import { kindsOf } from "../../schemas/PluginManifest.ts"
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import type { Notifications } from "../notify/Notifications.ts"
import { PluginCatalog } from "../plugin/PluginCatalog.ts"
import { type PluginEvent, PluginHost } from "../plugin/PluginHost.ts"
import { whileInstalled } from "../plugin/WhileInstalled.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { isSet } from "../project/Switch.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { makeInbox, type TriggerInbox } from "./TriggerInbox.ts"
import { listen } from "./TriggerSession.ts"
import type { TriggerStore } from "./TriggerStore.ts"
import type { TriggerTarget } from "./TriggerTarget.ts"
import { untilDone } from "./UntilDone.ts"

export const DISABLE_VARIABLE = "ANIMUS_DAEMON_DISABLE_TRIGGERS"

export interface WatchedPlugin {
  readonly plugin: string
  /** It has said that it listens, and has not ended since. */
  readonly watching: boolean
  /** Events whose work cannot be queued yet. */
  readonly pending: number
  /** Of those, how many had to be let go of, ever. */
  readonly dropped: number
}

export class TriggerWatch extends Context.Service<TriggerWatch, {
  readonly watched: Effect.Effect<ReadonlyArray<WatchedPlugin>>
}>()("animus/trigger/TriggerWatch") {
  /** Its building waits for nothing; its release tells each plugin which event was the last. */
  static readonly layer = Layer.effect(TriggerWatch, Effect.suspend(() => make))
}

const GOODBYE = "2 seconds"
const LONGEST_WAIT = Duration.seconds(60)

const renewal = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced(LONGEST_WAIT)])

interface Watching {
  readonly plugin: string
  readonly inbox: TriggerInbox
  readonly watching: Ref.Ref<boolean>
  readonly triggers: Effect.Effect<ReadonlyArray<TriggerDefinition>>
}

const waiting = (message: string) => `triggers wait until the workflow files can be read: ${message}`

/** The project's triggers as its files have them now, or had them last: a file that is being edited stops nothing. */
const makeTriggers = Effect.gen(function*() {
  const workflows = yield* Workflows
  let last: ReadonlyArray<TriggerDefinition> | undefined
  const compile = Effect.tap(
    Effect.map(workflows.compile, ({ triggers }) => triggers),
    (triggers) =>
      Effect.sync(() => {
        last = triggers
      })
  )
  return Effect.suspend(() => {
    const before = last
    return before === undefined
      ? untilDone(compile, waiting)
      : Effect.catch(compile, () => Effect.succeed(before))
  })
})

/** A running plugin does not want to, or cannot now. Whatever else there is, its process is over or was never there. */
const refusals: ReadonlySet<string> = new Set([
  "PluginRefused",
  "MethodNotSupported",
  "RequestTimedOut",
  "FrameTooLarge",
  "StreamFailed"
])

/** The supervisor spaces out starts; what a running plugin refuses is asked again after 1, 2, 4 … 60 seconds. */
const keepWatching = Effect.fnUntraced(function*({ inbox, plugin, triggers, watching }: Watching) {
  const heard = Effect.andThen(Ref.set(watching, true), Effect.logInfo(`plugin ${plugin} watches for triggers`))
  const session = Effect.ensuring(listen({ plugin, inbox, triggers, watching: heard }), Ref.set(watching, false))
  const refused = Effect.fnUntraced(function*(message: string) {
    yield* Effect.logWarning(`plugin ${plugin} does not watch for triggers: ${message}`)
    yield* publishDaemonEvent("trigger-plugin-start-failed", { plugin, error: message })
  })
  const patient = session.pipe(
    Effect.tapError((error) => refusals.has(error._tag) ? refused(error.message) : Effect.void),
    Effect.retry({ while: ({ _tag }) => refusals.has(_tag), schedule: renewal }),
    Effect.catch((error) => error._tag === "PluginNotFound" ? Effect.fail(error) : Effect.void)
  )
  return yield* whileInstalled(plugin, "watched for triggers", patient)
})

const goodbye = Effect.fnUntraced(function*({ inbox, plugin }: Watching) {
  const host = yield* PluginHost
  const { state } = yield* host.status(plugin)
  const last = yield* inbox.last
  if (state !== "running" || last === undefined) return
  yield* host.notify(plugin, "trigger/ack", { event_id: last, status: "shutdown" })
}, (effect) => Effect.ignore(Effect.timeout(effect, GOODBYE)))

type Needs = PluginCatalog | PluginHost | Notifications | TriggerStore | TriggerTarget

/** The protocol has words of its own for plugins of this kind; everybody's are told beside them. */
const relay = Effect.fnUntraced(function*(event: PluginEvent) {
  const { plugin } = event
  if (event.kind === "restart") {
    const { attempt, delay_ms } = event
    yield* publishDaemonEvent("trigger-plugin-restart", { plugin, attempt, delay_ms })
  } else if (event.kind === "crashed") {
    const { error, restarts: attempts } = event
    yield* publishDaemonEvent("trigger-plugin-crashed", { plugin, attempts, error })
  }
})

const relayAll = (plugins: ReadonlyArray<string>) =>
  PluginHost.use(({ events }) =>
    Stream.runForEach(Stream.filter(events, ({ plugin }) => plugins.includes(plugin)), relay)
  )

const begin = Effect.fnUntraced(function*(plugin: string, triggers: Watching["triggers"]) {
  const inbox = yield* makeInbox(plugin)
  const watching: Watching = { plugin, inbox, triggers, watching: yield* Ref.make(false) }
  yield* Effect.addFinalizer(() => goodbye(watching))
  yield* Effect.forkScoped(keepWatching(watching))
  yield* Effect.forkScoped(inbox.drain)
  return watching
})

const make = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const { env } = yield* HostEnvironment
  const triggers = yield* makeTriggers
  const all: Array<Watching> = []

  const start = Effect.gen(function*(): Effect.fn.Return<void, never, Needs | Scope.Scope> {
    const { plugins } = yield* catalog.discovery
    const found = plugins.filter(({ manifest }) => kindsOf(manifest).includes("trigger_backend"))
    if (found.length > 0) yield* Effect.forkScoped(relayAll(found.map(({ name }) => name)), { startImmediately: true })
    for (const { name } of found) {
      yield* Effect.matchEffect(begin(name, triggers), {
        onSuccess: (watching) => Effect.sync(() => void all.push(watching)),
        onFailure: (error) =>
          Effect.andThen(
            Effect.logError(`plugin ${name} is not watched for triggers: ${error.message}`),
            publishDaemonEvent("trigger-plugin-start-failed", { plugin: name, error: error.message })
          )
      })
    }
    if (found.length > 0) yield* publishDaemonEvent("trigger-plugins-started", { plugin_count: all.length })
  })

  if (isSet(env[DISABLE_VARIABLE])) yield* Effect.logInfo(`trigger plugins stay unwatched: ${DISABLE_VARIABLE} is set`)
  else yield* Effect.forkScoped(start)

  return TriggerWatch.of({
    watched: Effect.suspend(() =>
      Effect.forEach(
        all,
        ({ inbox, plugin, watching }) =>
          Effect.map(
            Effect.all([inbox.counts, Ref.get(watching)]),
            ([counts, watching]) => ({ plugin, watching, ...counts })
          )
      )
    )
  })
})
