/**
 * Calls to plugins. One supervised process per plugin, started at first use and shared by all callers; a caller sees an
 * answer or a typed error within its deadline, never a hang. Requests are not retried: who asked knows whether that is safe.
 */
import { Context, Duration, Effect, Exit, Layer, PubSub, Scope, Stream } from "effect"
import {
  PluginCrashed,
  type PluginError,
  type PluginNotFound,
  RequestTimedOut
} from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import type { InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import { PluginLock } from "../lock/PluginLock.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { type InstalledPlugin, PluginCatalog } from "./PluginCatalog.ts"
import { connect } from "./PluginConnection.ts"
import { pluginEnvironment } from "./PluginEnvironment.ts"
import type { PluginNotification } from "./PluginFanout.ts"
import { makePluginLog } from "./PluginLog.ts"
import { type PluginHeirs, PluginProcess } from "./PluginProcess.ts"
import { makeRoom, type PluginRoom, statedIn } from "./PluginRoom.ts"
import { idleStatus, type PluginEvent, type PluginStatus } from "./PluginStatus.ts"
import { Incurable, type PluginSupervisor, supervise } from "./PluginSupervisor.ts"

export type { PluginNotification } from "./PluginFanout.ts"
export type { PluginEvent, PluginState, PluginStatus } from "./PluginStatus.ts"

export interface CallOptions {
  /** Milliseconds; 120 000 when absent. */
  readonly timeout?: number
  /** Told the request's id before it is written: what the notifications of a watch will carry. */
  readonly onId?: (id: number) => void
}

export class PluginHost extends Context.Service<PluginHost, {
  readonly call: (
    plugin: string,
    method: string,
    params: unknown,
    options?: CallOptions
  ) => Effect.Effect<Json, PluginError>
  readonly notify: (plugin: string, method: string, params: unknown) => Effect.Effect<void, PluginError>
  /**
   * For owners, lossless: from the moment this returns, every notification that `accepts` takes is in the stream, in order;
   * while the owner does not pull, reading from the plugin pauses. When that process ends, all it had written stays in the
   * stream until it is taken or the scope closes, while the next process is started; then it fails with `ConnectionLost`.
   * Register before sending the request whose notifications are wanted.
   */
  readonly own: (
    plugin: string,
    accepts: (notification: PluginNotification) => boolean
  ) => Effect.Effect<Stream.Stream<ReadonlyArray<PluginNotification>, PluginError>, PluginError, Scope.Scope>
  /** For observers, bounded: the slow lose the oldest. Ends when the plugin's process ends. */
  readonly notifications: (
    plugin: string
  ) => Effect.Effect<Stream.Stream<ReadonlyArray<PluginNotification>>, PluginError, Scope.Scope>
  /** Starts the plugin if need be; what it said of itself in the handshake. */
  readonly initialized: (plugin: string) => Effect.Effect<InitializeResult, PluginError>
  readonly status: (plugin: string) => Effect.Effect<PluginStatus, PluginNotFound>
  readonly statuses: Effect.Effect<ReadonlyArray<PluginStatus>>
  /**
   * Ends the plugin's process with all that descends from it and gives it a whole restart budget, also when it is disabled;
   * the next caller starts what is then installed. Whoever waits for an answer gets `ConnectionLost` with `reason`. Comes
   * back with what could not be ended.
   */
  readonly restart: (plugin: string, reason: string) => Effect.Effect<ReadonlyArray<ProcessRow>>
  /** Of the process that runs now; undefined while there is none. */
  readonly heirs: (plugin: string) => Effect.Effect<PluginHeirs | undefined>
  /** Starts, restarts and crashes from now on; a slow reader loses the oldest. */
  readonly events: Stream.Stream<PluginEvent>
}>()("animus/plugin/PluginHost") {
  /** Closing it ends every plugin, all at the same time. */
  static readonly layer = Layer.effect(PluginHost, Effect.suspend(() => makeHost))
}

/** What the handshake tells plugins; the program's entry point knows better than this default. */
export const HostVersion = Context.Reference<string>("animus/plugin/HostVersion", { defaultValue: () => "0.0.0" })

const CALL_MILLIS = 120_000
const EVENT_CAPACITY = 256
const OBSERVER_CAPACITY = 256
/** What one number in a manifest may ask of the host's memory. */
const MOST_CAPACITY = 16_384

type Needs = PluginProcess | HostEnvironment | ProjectScope | PluginCatalog | PluginLock

const initializeParams = Effect.gen(function*(): Effect.fn.Return<InitializeParams, never, ProjectScope> {
  const { projectRoot } = yield* ProjectScope
  return {
    protocol_version: PROTOCOL_VERSION,
    host_info: { name: "animus", version: yield* HostVersion },
    capabilities: { streaming: true, progress: true, cancellation: true },
    init_extensions: { project_binding: { project_root: projectRoot } }
  }
})

const capacityOf = Effect.fnUntraced(
  function*({ manifest, name }: InstalledPlugin, env: Readonly<Record<string, string>>) {
    const asked = manifest.notification_buffer_size ||
      statedIn(env, "ANIMUS_PLUGIN_BROADCAST_CAPACITY", OBSERVER_CAPACITY)
    if (asked <= MOST_CAPACITY) return asked
    yield* Effect.logWarning(
      `plugin ${name} is given room for ${MOST_CAPACITY} reads of notifications, not for ${asked}: ` +
        `correct notification_buffer_size in its manifest, or ANIMUS_PLUGIN_BROADCAST_CAPACITY`
    )
    return MOST_CAPACITY
  }
)

/** What is installed, and what the project brought along, may have changed since it was found: it is checked before every start. */
const admitted = Effect.fnUntraced(function*(plugin: InstalledPlugin) {
  const { admit } = yield* PluginLock
  return yield* Effect.mapError(admit(plugin), (error) => {
    if (error._tag === "LockMismatch" || error._tag === "PluginNotLocked") return new Incurable({ error })
    const detail = `it was not started: ${error.message}`
    return error._tag === "ProjectNotTrusted"
      ? new Incurable({
        error: new PluginCrashed({
          plugin: plugin.name,
          detail: `${detail}. Then: animus plugin restart ${plugin.name}`
        })
      })
      : new PluginCrashed({ plugin: plugin.name, detail })
  })
})

const start = Effect.fnUntraced(function*(found: InstalledPlugin, room: PluginRoom, ending: () => string) {
  const catalog = yield* PluginCatalog
  yield* Effect.mapError(room(found.name), (error) => new Incurable({ error }))
  // Another release may be installed since the last start; what was uninstalled is refused below.
  const plugin = yield* Effect.orElseSucceed(catalog.find(found.name), () => found)
  const { path } = yield* admitted(plugin)
  const { env } = yield* HostEnvironment
  const { projectRoot } = yield* ProjectScope
  return yield* connect({
    command: {
      plugin: plugin.name,
      path,
      args: [],
      cwd: projectRoot,
      env: yield* pluginEnvironment(plugin.name, plugin.manifest)
    },
    initialize: yield* initializeParams,
    capacity: yield* capacityOf(plugin, env),
    log: makePluginLog(plugin.name),
    ending
  })
})

/** One supervisor a plugin, made when it is first asked for; all of them end with the layer. */
const makeSupervisors = Effect.fnUntraced(function*(events: PubSub.PubSub<PluginEvent>) {
  // Each process has a scope of its own: the layer's, which is in here too, would keep a dead one's pipes and group.
  const services = Context.omit(Scope.Scope)(yield* Effect.context<Needs>())
  const scope = yield* Effect.acquireRelease(Scope.make("parallel"), (scope) => Scope.close(scope, Exit.void))
  const supervisors = new Map<string, PluginSupervisor>()
  const room = makeRoom((yield* HostEnvironment).env)
  const supervisorOf = (plugin: InstalledPlugin): PluginSupervisor => {
    const known = supervisors.get(plugin.name)
    if (known !== undefined) return known
    const supervisor = supervise({
      plugin: plugin.name,
      connect: (ending) => Effect.provideContext(start(plugin, room, ending), services),
      publish: (event) => Effect.asVoid(PubSub.publish(events, event)),
      scope
    })
    supervisors.set(plugin.name, supervisor)
    return supervisor
  }
  const statusOf = ({ name }: InstalledPlugin) => supervisors.get(name)?.status ?? Effect.succeed(idleStatus(name))
  const running = (name: string) => supervisors.get(name)?.running()
  const restart = (name: string, reason: string) => supervisors.get(name)?.restart(reason) ?? Effect.succeed([])
  return { supervisorOf, statusOf, running, restart }
})

const makeHost = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const events = yield* PubSub.sliding<PluginEvent>(EVENT_CAPACITY)
  const { restart, running, statusOf, supervisorOf } = yield* makeSupervisors(events)

  const connection = Effect.fnUntraced(function*(name: string) {
    return yield* supervisorOf(yield* catalog.find(name)).connection
  })
  /** The process within the caller's deadline, and what is left of it. */
  const within = Effect.fnUntraced(function*(name: string, method: string, millis: number) {
    const [waited, found] = yield* Effect.timed(Effect.timeoutOrElse(connection(name), {
      duration: millis,
      orElse: () => Effect.fail(new RequestTimedOut({ plugin: name, method, millis }))
    }))
    return { found, left: Math.max(1, millis - Duration.toMillis(waited)) }
  })

  return PluginHost.of({
    call: (name, method, params, { onId, timeout = CALL_MILLIS } = {}) =>
      Effect.callback((resume) => {
        const up = running(name)
        if (up !== undefined) return up.ask(method, params, { timeout, onId }, resume)
        return resume(Effect.flatMap(
          within(name, method, timeout),
          ({ found, left }) => found.call(method, params, { timeout: left, onId })
        ))
      }),
    notify: (name, method, params) =>
      Effect.suspend(() => {
        const up = running(name)
        if (up !== undefined) return up.notify(method, params, CALL_MILLIS)
        return Effect.flatMap(
          within(name, method, CALL_MILLIS),
          ({ found, left }) => found.notify(method, params, left)
        )
      }),
    own: Effect.fn("PluginHost.own")(function*(name, accepts) {
      const { found } = yield* within(name, "initialize", CALL_MILLIS)
      return yield* found.own(accepts)
    }),
    notifications: Effect.fn("PluginHost.notifications")(function*(name) {
      const { found } = yield* within(name, "initialize", CALL_MILLIS)
      return yield* found.observe
    }),
    initialized: Effect.fn("PluginHost.initialized")(function*(name) {
      const { found } = yield* within(name, "initialize", CALL_MILLIS)
      return found.initialized
    }),
    status: (name) => Effect.flatMap(catalog.find(name), statusOf),
    restart: Effect.fn("PluginHost.restart")(restart),
    heirs: (name) => Effect.sync(() => running(name)?.heirs),
    statuses: Effect.flatMap(catalog.discovery, ({ plugins }) => Effect.forEach(plugins, statusOf)),
    events: Stream.fromPubSub(events)
  })
})
