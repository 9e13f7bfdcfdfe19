/**
 * Calls to plugins. One supervised process per plugin, started at first use and shared by all callers; a caller sees an
 * answer or a typed error within its deadline, never a hang. Requests are not retried: who asked knows whether that is safe.
 */
import { Clock, Context, Effect, Exit, Layer, PubSub, Scope, Stream } from "effect"
import {
  PluginCrashed,
  type PluginError,
  type PluginNotFound,
  RequestTimedOut
} from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import type { InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Trust } from "../project/Trust.ts"
import { type InstalledPlugin, PluginCatalog } from "./PluginCatalog.ts"
import { connect } from "./PluginConnection.ts"
import { pluginEnvironment } from "./PluginEnvironment.ts"
import type { PluginNotification } from "./PluginFanout.ts"
import { makePluginLog } from "./PluginLog.ts"
import { PluginProcess } from "./PluginProcess.ts"
import {
  idleStatus,
  type PluginEvent,
  type PluginStatus,
  type PluginSupervisor,
  supervise
} from "./PluginSupervisor.ts"

export type { PluginNotification } from "./PluginFanout.ts"
export type { PluginEvent, PluginState, PluginStatus } from "./PluginSupervisor.ts"

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
   * while the owner does not pull, reading from the plugin pauses. Fails with `ConnectionLost` when that process ends.
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

type Needs = PluginProcess | HostEnvironment | ProjectScope | Trust

const initializeParams = Effect.gen(function*(): Effect.fn.Return<InitializeParams, never, ProjectScope> {
  const { projectRoot } = yield* ProjectScope
  return {
    protocol_version: PROTOCOL_VERSION,
    host_info: { name: "animus", version: yield* HostVersion },
    capabilities: { streaming: true, progress: true, cancellation: true },
    init_extensions: { project_binding: { project_root: projectRoot } }
  }
})

const capacityOf = ({ manifest }: InstalledPlugin, env: Readonly<Record<string, string>>): number => {
  const stated = Number(env["ANIMUS_PLUGIN_BROADCAST_CAPACITY"])
  return manifest.notification_buffer_size || (Number.isSafeInteger(stated) && stated > 0 ? stated : OBSERVER_CAPACITY)
}

/** What the project brought along may have changed since it was found: its approval is asked for before every start. */
const approved = Effect.fnUntraced(function*({ name, source }: InstalledPlugin) {
  if (source !== "project_local") return
  const trust = yield* Trust
  yield* Effect.mapError(
    trust.require(`plugin ${name} was to be started`),
    (error) => new PluginCrashed({ plugin: name, detail: `it was not started: ${error.message}` })
  )
})

const start = Effect.fnUntraced(function*(plugin: InstalledPlugin) {
  yield* approved(plugin)
  const { env } = yield* HostEnvironment
  const { projectRoot } = yield* ProjectScope
  return yield* connect({
    command: {
      plugin: plugin.name,
      path: plugin.path,
      args: [],
      cwd: projectRoot,
      env: yield* pluginEnvironment(plugin.name, plugin.manifest)
    },
    initialize: yield* initializeParams,
    capacity: capacityOf(plugin, env),
    log: makePluginLog(plugin.name)
  })
})

/** One supervisor a plugin, made when it is first asked for; all of them end with the layer. */
const makeSupervisors = Effect.fnUntraced(function*(events: PubSub.PubSub<PluginEvent>) {
  // Each process has a scope of its own: the layer's, which is in here too, would keep a dead one's pipes and group.
  const services = Context.omit(Scope.Scope)(yield* Effect.context<Needs>())
  const scope = yield* Effect.acquireRelease(Scope.make("parallel"), (scope) => Scope.close(scope, Exit.void))
  const supervisors = new Map<string, PluginSupervisor>()
  const supervisorOf = (plugin: InstalledPlugin): PluginSupervisor => {
    const known = supervisors.get(plugin.name)
    if (known !== undefined) return known
    const supervisor = supervise({
      plugin: plugin.name,
      connect: Effect.provideContext(start(plugin), services),
      publish: (event) => Effect.asVoid(PubSub.publish(events, event)),
      scope
    })
    supervisors.set(plugin.name, supervisor)
    return supervisor
  }
  const statusOf = ({ name }: InstalledPlugin) => supervisors.get(name)?.status ?? Effect.succeed(idleStatus(name))
  return { supervisorOf, statusOf }
})

const makeHost = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const events = yield* PubSub.sliding<PluginEvent>(EVENT_CAPACITY)
  const { statusOf, supervisorOf } = yield* makeSupervisors(events)

  const connection = Effect.fnUntraced(function*(name: string) {
    return yield* supervisorOf(yield* catalog.find(name)).connection
  })
  /** The process within the caller's deadline, and what is left of it. */
  const within = Effect.fnUntraced(function*(name: string, method: string, millis: number) {
    const since = yield* Clock.currentTimeMillis
    const found = yield* Effect.timeoutOrElse(connection(name), {
      duration: millis,
      orElse: () => Effect.fail(new RequestTimedOut({ plugin: name, method, millis }))
    })
    return { found, left: Math.max(1, millis - ((yield* Clock.currentTimeMillis) - since)) }
  })

  return PluginHost.of({
    call: Effect.fnUntraced(function*(name, method, params, { onId, timeout = CALL_MILLIS } = {}) {
      const { found, left } = yield* within(name, method, timeout)
      return yield* found.call(method, params, onId === undefined ? { timeout: left } : { timeout: left, onId })
    }),
    notify: Effect.fnUntraced(function*(name, method, params) {
      const { found, left } = yield* within(name, method, CALL_MILLIS)
      return yield* found.notify(method, params, left)
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
    statuses: Effect.flatMap(catalog.discovery, ({ plugins }) => Effect.forEach(plugins, statusOf)),
    events: Stream.fromPubSub(events)
  })
})
