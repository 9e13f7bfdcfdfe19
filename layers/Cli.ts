/** What the commands of `animus` stand on. The daemon and the stores are loaded only by the commands that need them. */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, Layer, Option } from "effect"
import type { LogQuery } from "../schemas/Log.ts"
import { DaemonProgram } from "../src/cli/DaemonProgram.ts"
import { ProjectRoot } from "../src/cli/GlobalFlags.ts"
import { OfflineFiles } from "../src/cli/OfflineFiles.ts"
import { PluginTools } from "../src/cli/PluginTools.ts"
import { PluginTrials, type TrialOptions } from "../src/cli/PluginTrials.ts"
import { SessionStoreTools } from "../src/cli/SessionStoreTools.ts"
import { ControlClient } from "../src/control/ControlClient.ts"
import { DaemonConfig, type DurableStoreKind } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { Trust } from "../src/project/Trust.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import * as ControlConnectionSocket from "./ControlConnectionSocket.ts"
import * as DaemonLauncherDetached from "./DaemonLauncherDetached.ts"
import * as ProcessRecordsFile from "./ProcessRecordsFile.ts"
import * as ProcessTableLinux from "./ProcessTableLinux.ts"
import * as ScopePaths from "./ScopePaths.ts"

const scope = Layer.unwrap(
  Effect.map(ProjectRoot, (root) => ScopePaths.layer({ projectRoot: Option.getOrUndefined(root), cwd: process.cwd() }))
)

const daemonProgram = Layer.effect(
  DaemonProgram,
  Effect.map(ProjectScope, (scope) => ({
    run: Effect.flatMap(
      Effect.promise(() => import("./Daemon.ts")),
      ({ run }) => Effect.provideService(run, ProjectScope, scope)
    )
  }))
)

const pluginTools = Layer.effect(
  PluginTools,
  Effect.gen(function*() {
    const context = yield* Effect.context<ProjectScope | NodeServices.NodeServices>()
    return {
      open: Effect.flatMap(
        Effect.promise(() => import("./PluginInstaller.ts")),
        ({ layer }) => Effect.provideContext(Layer.build(layer), context)
      )
    }
  })
)

/** Read when a command asks for it: a mistake in it must not keep the others from running. */
const config = Layer.unwrap(
  Effect.map(Effect.promise(() => import("./DaemonConfigFile.ts")), ({ layer }) => Layer.fresh(layer))
)

const offlineFiles = Layer.effect(
  OfflineFiles,
  Effect.map(Effect.context<ProjectScope | NodeServices.NodeServices>(), (context) => {
    const scope = Context.get(context, ProjectScope)
    return {
      held: Effect.flatMap(
        Effect.promise(() => import("./StoreLock.ts")),
        ({ isStoreHeld }) => isStoreHeld(scope.scopeDir)
      ),
      logs: (query: LogQuery) =>
        Effect.flatMap(
          Effect.promise(() => import("./LogBackendJsonl.ts")),
          ({ queryIn }) => queryIn(scope.scopeDir, query)
        ),
      store: Effect.gen(function*() {
        const settings = yield* Effect.provide(DaemonConfig, config)
        const { driverReadOnly } = yield* Effect.promise(() => import("./SessionStores.ts"))
        return SessionStore.make(yield* driverReadOnly(settings.session_store, settings))
      }).pipe(Effect.provideContext(context))
    }
  })
)

const sessionStoreTools = Layer.effect(
  SessionStoreTools,
  Effect.map(Effect.context<ProjectScope | NodeServices.NodeServices>(), (context) => ({
    migrate: (from: DurableStoreKind, to: DurableStoreKind) =>
      Effect.promise(() => import("./SessionStoreMigration.ts")).pipe(
        Effect.flatMap(({ migrate }) => Effect.provide(migrate(from, to), config)),
        Effect.provideContext(context)
      ),
    status: Effect.promise(() => import("./SessionStoreStatus.ts")).pipe(
      Effect.flatMap(({ status }) => Effect.provide(status, config)),
      Effect.provideContext(context)
    ),
    configured: Effect.map(DaemonConfig, ({ session_store }) => session_store).pipe(
      Effect.provide(config),
      Effect.provideContext(context)
    )
  }))
)

const pluginTrials = Layer.succeed(PluginTrials, {
  examine: (options: TrialOptions) =>
    Effect.flatMap(
      Effect.promise(() => import("./PluginTrialsChild.ts")),
      ({ examinePlugin }) => examinePlugin(options)
    )
})

/** For every command, also one without a project. */
export const ground = Layer.mergeAll(ProcessTableLinux.layer, pluginTrials).pipe(
  Layer.provideMerge(NodeServices.layer)
)

/** For commands that work on a project: its folders are there from then on. */
export const layer = Layer.mergeAll(
  ControlClient.layer.pipe(Layer.provide(ControlConnectionSocket.layer)),
  DaemonLauncherDetached.layer,
  ProcessRecordsFile.layer,
  Trust.layer,
  daemonProgram,
  offlineFiles,
  sessionStoreTools,
  pluginTools
).pipe(
  Layer.provideMerge(scope),
  Layer.provideMerge(ground)
)
