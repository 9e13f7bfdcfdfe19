/**
 * The daemon, everything live. The order of its start: the store's lock, the orphans of a killed daemon, plugins, recovery of
 * unfinished runs, dispatch, and last the socket, so that whoever gets an answer gets a true one.
 */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Path, Schedule, Stream } from "effect"
import { Digest } from "effect/crypto"
import manifest from "../package.json" with { type: "json" }
import { AgentSessions } from "../src/agent/AgentSessions.ts"
import { ControlHandlers } from "../src/control/ControlHandlers.ts"
import { ControlServer } from "../src/control/ControlServer.ts"
import { DaemonLifecycle } from "../src/control/DaemonLifecycle.ts"
import * as Sweep from "../src/install/Sweep.ts"
import { PluginLock } from "../src/lock/PluginLock.ts"
import * as EffectLogger from "../src/log/EffectLogger.ts"
import * as Notifiers from "../src/notifier/Notifiers.ts"
import { publishDaemonEvent as publish } from "../src/notify/DaemonEvents.ts"
import { Notifications } from "../src/notify/Notifications.ts"
import { PluginCatalog } from "../src/plugin/PluginCatalog.ts"
import { ActInOurPlace } from "../src/plugin/PluginEnvironment.ts"
import { HostVersion, PluginHost } from "../src/plugin/PluginHost.ts"
import { DaemonConfig } from "../src/project/DaemonConfig.ts"
import { sweepOrphans } from "../src/project/Orphans.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { Trust } from "../src/project/Trust.ts"
import { WorkflowHost } from "../src/run/HostedRun.ts"
import { PhaseRunner } from "../src/run/PhaseRunner.ts"
import { RunEngine } from "../src/run/RunEngine.ts"
import type { DispatchQueue } from "../src/schedule/DispatchQueue.ts"
import * as ScheduleClock from "../src/schedule/ScheduleClock.ts"
import { Scheduler } from "../src/schedule/Scheduler.ts"
import type { ScheduleStore } from "../src/schedule/ScheduleStore.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import { SubjectRouter } from "../src/subject/SubjectRouter.ts"
import { PluginTools } from "../src/tools/PluginTools.ts"
import * as Transports from "../src/transport/Transports.ts"
import * as FileWatch from "../src/trigger/FileWatch.ts"
import type { TriggerStore } from "../src/trigger/TriggerStore.ts"
import { TriggerTarget } from "../src/trigger/TriggerTarget.ts"
import { TriggerWatch } from "../src/trigger/TriggerWatch.ts"
import { Workflows } from "../src/workflow/Workflows.ts"
import * as ControlSocket from "./ControlSocket.ts"
import * as DaemonConfigFile from "./DaemonConfigFile.ts"
import * as DispatchQueueFile from "./DispatchQueueFile.ts"
import * as DispatchQueueMemory from "./DispatchQueueMemory.ts"
import * as HostEnvironmentProcess from "./HostEnvironmentProcess.ts"
import * as LogBackendJsonl from "./LogBackendJsonl.ts"
import * as LogBackendPlugin from "./LogBackendPlugin.ts"
import * as PhaseRunnerInProcess from "./PhaseRunnerInProcess.ts"
import * as PhaseRunnerSubprocess from "./PhaseRunnerSubprocess.ts"
import * as PluginProcessChild from "./PluginProcessChild.ts"
import * as PluginStoreFile from "./PluginStoreFile.ts"
import * as ProcessRecordsFile from "./ProcessRecordsFile.ts"
import * as ProcessTableLinux from "./ProcessTableLinux.ts"
import * as ScheduleStoreFile from "./ScheduleStoreFile.ts"
import * as ScheduleStoreMemory from "./ScheduleStoreMemory.ts"
import { SessionStoreMemory } from "./SessionStoreMemory.ts"
import * as SessionStores from "./SessionStores.ts"
import * as TriggerStoreFile from "./TriggerStoreFile.ts"
import * as TriggerStoreMemory from "./TriggerStoreMemory.ts"
import * as WatchedFilesGlob from "./WatchedFilesGlob.ts"

const DRAIN_SECONDS = 60

/** What `daemon.session_store` names: the runs' memory, and a queue and known events that live as long as it does. */
const configuredStore = Layer.unwrap(Effect.map(DaemonConfig, ({ session_store }) =>
  session_store === "memory"
    ? Layer.mergeAll(
      SessionStoreMemory.layer,
      DispatchQueueMemory.layer,
      TriggerStoreMemory.layer,
      ScheduleStoreMemory.layer
    )
    : Layer.mergeAll(
      SessionStores.layer,
      DispatchQueueFile.layer,
      TriggerStoreFile.layer,
      ScheduleStoreFile.layer
    )))

type RunnerNeeds =
  | Layer.Services<typeof PhaseRunnerSubprocess.layer>
  | Layer.Services<typeof PhaseRunnerInProcess.layer>

/** What `daemon.runner` names. */
const configuredRunner = Layer.unwrap(
  Effect.map(
    DaemonConfig,
    ({ runner }): Layer.Layer<PhaseRunner, never, RunnerNeeds> =>
      runner === "subprocess" ? PhaseRunnerSubprocess.layer : PhaseRunnerInProcess.layer
  )
)

/** A plugin that is neither of ours executes whole workflows. */
const workflowHost = Layer.effect(
  WorkflowHost,
  Effect.map(DaemonConfig, ({ runner }) => runner === "in_process" || runner === "subprocess" ? undefined : runner)
)

/** Its own runner alone is given what the daemon has. */
const inOurPlace = Layer.effect(
  ActInOurPlace,
  Effect.map(DaemonConfig, ({ runner }) => new Set(runner === "subprocess" ? [PhaseRunnerSubprocess.RUNNER] : []))
)

const swept = Layer.effectDiscard(sweepOrphans)

const lifecycle = Layer.unwrap(Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  const path = yield* Path.Path
  return DaemonLifecycle.layer({
    pid: process.pid,
    version: manifest.version,
    logPath: path.join(scopeDir, "logs", "events.jsonl")
  })
}))

const recovered = Layer.effectDiscard(Effect.gen(function*() {
  const engine = yield* RunEngine
  const heads = yield* engine.recover
  if (heads.length > 0) yield* Effect.logInfo(`took up ${heads.length} unfinished runs`)
}))

const ground = Layer.mergeAll(
  ProcessTableLinux.layer,
  ProcessRecordsFile.layer,
  HostEnvironmentProcess.layer,
  DaemonConfigFile.layer,
  lifecycle,
  Layer.succeed(HostVersion, manifest.version),
  Digest.layerWebCrypto
).pipe(
  Layer.provideMerge(NodeServices.layer)
)

const logs = EffectLogger.layer.pipe(
  Layer.provideMerge(LogBackendJsonl.layer),
  Layer.provideMerge(Notifications.layer)
)

const plugins = Layer.mergeAll(AgentSessions.layer, SubjectRouter.layer, PluginTools.layer).pipe(
  Layer.provideMerge(PluginHost.layer),
  Layer.provideMerge(inOurPlace),
  Layer.provideMerge(PluginCatalog.layer),
  Layer.provideMerge(PluginProcessChild.layer),
  Layer.provideMerge(PluginLock.layer),
  Layer.provideMerge(PluginStoreFile.layer),
  Layer.provideMerge(Trust.layer)
)

/**
 * Everything above the store; an embedder gives a store and a queue of its own. Released from the top: nobody is answered any
 * more, then notifiers and the log plugin get their last moment, then every plugin ends.
 */
const rooms = ControlSocket.layer.pipe(
  Layer.provide(ControlServer.layer.pipe(Layer.provide(ControlHandlers))),
  Layer.provideMerge(Notifiers.layer),
  Layer.provideMerge(LogBackendPlugin.layer),
  Layer.provideMerge(Scheduler.layer),
  Layer.provideMerge(recovered),
  Layer.provideMerge(RunEngine.layer),
  Layer.provide(workflowHost),
  Layer.provideMerge(configuredRunner),
  Layer.provideMerge(Workflows.layer),
  Layer.provideMerge(Sweep.layer.pipe(Layer.provideMerge(plugins))),
  Layer.provideMerge(swept)
)

/** Running phases may come to an end; what does not in time is recovered at the next start. */
const drain = Effect.fnUntraced(function*(seconds: number) {
  const scheduler = yield* Scheduler
  yield* scheduler.drain
  yield* publish("graceful-shutdown", { timeout_secs: seconds })
  yield* scheduler.status.pipe(
    Effect.repeat({ while: ({ active }) => active > 0, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutOption(`${seconds} seconds`)
  )
})

const triggered = Layer.effect(TriggerTarget, Effect.map(Scheduler, ({ enqueue }) => ({ enqueue })))

/** What begins by itself, once the daemon answers, and ends before it no longer does. */
const outside = Layer.mergeAll(
  Transports.layer,
  TriggerWatch.layer.pipe(Layer.provide(triggered)),
  ScheduleClock.layer,
  FileWatch.layer.pipe(Layer.provide([triggered, WatchedFilesGlob.layer]))
)

/** Never succeeds. Whoever may not write any more must not dispatch either: no phase is waited for. */
const exclusiveness = Effect.gen(function*() {
  const failure = yield* (yield* SessionStore).lost
  yield* Effect.logError(`daemon_shutdown: ${failure.message}`)
  return yield* failure
})

const serve = Effect.gen(function*() {
  const lifecycle = yield* DaemonLifecycle
  const host = yield* PluginHost
  yield* host.events.pipe(
    Stream.runForEach(({ kind, plugin, ...facts }) => publish(`plugin-${kind}`, { plugin, ...facts })),
    Effect.forkScoped
  )
  yield* lifecycle.ready
  yield* Effect.logInfo("daemon_startup")
  yield* publish("status", { status: "running" })
  yield* Layer.build(outside)
  const { reason, timeoutSeconds = DRAIN_SECONDS } = yield* Effect.raceFirst(lifecycle.awaitStop, exclusiveness)
  yield* Effect.logInfo(`daemon_shutdown: ${reason}`)
  yield* drain(timeoutSeconds)
  yield* publish("status", { status: "stopped" })
}).pipe(Effect.scoped, Effect.ensuring(PhaseRunner.use(({ hold }) => hold)))

type Stores = SessionStore | DispatchQueue | TriggerStore | ScheduleStore
type Ground = Layer.Success<typeof ground> | Layer.Success<typeof logs> | ProjectScope

const serveOver = <E, R extends Ground>(stores: Layer.Layer<Stores, E, R>) =>
  serve.pipe(
    Effect.provide(rooms.pipe(Layer.provideMerge(stores), Layer.provideMerge(logs), Layer.provideMerge(ground)))
  )

/**
 * Runs a daemon until it is asked to stop, over a session store of the caller's; needs a `ProjectScope`. This is the door
 * for programs that embed Animus.
 */
export const runWith = <E, R extends Ground>(sessionStore: Layer.Layer<SessionStore, E, R>) =>
  serveOver(Layer.mergeAll(sessionStore, DispatchQueueFile.layer, TriggerStoreFile.layer, ScheduleStoreFile.layer))

/** The same, over the store that the configuration names. */
export const run = serveOver(configuredStore)
