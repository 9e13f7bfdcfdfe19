/** What the commands of `animus` stand on. The daemon and the stores are loaded only by the commands that need them. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Option } from "effect"
import type { LogQuery } from "../schemas/Log.ts"
import { DaemonProgram } from "../src/cli/DaemonProgram.ts"
import { ProjectRoot } from "../src/cli/GlobalFlags.ts"
import { OfflineFiles } from "../src/cli/OfflineFiles.ts"
import { PluginTools } from "../src/cli/PluginTools.ts"
import { PluginTrials, type TrialOptions } from "../src/cli/PluginTrials.ts"
import { ControlClient } from "../src/control/ControlClient.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { Trust } from "../src/project/Trust.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import * as ControlConnectionSocket from "./ControlConnectionSocket.ts"
import * as DaemonLauncherDetached from "./DaemonLauncherDetached.ts"
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

const offlineFiles = Layer.effect(
  OfflineFiles,
  Effect.map(ProjectScope, (scope) => ({
    held: Effect.flatMap(
      Effect.promise(() => import("./StoreLock.ts")),
      ({ isStoreHeld }) => isStoreHeld(scope.scopeDir)
    ),
    logs: (query: LogQuery) =>
      Effect.flatMap(
        Effect.promise(() => import("./LogBackendJsonl.ts")),
        ({ queryIn }) => queryIn(scope.scopeDir, query)
      ),
    store: Effect.flatMap(
      Effect.promise(() => import("./SessionStoreFile.ts")),
      ({ layerReadOnly }) =>
        Layer.build(layerReadOnly).pipe(
          Effect.provideService(ProjectScope, scope),
          Effect.map((context) => SessionStore.pipe(Effect.provideContext(context))),
          Effect.flatten
        )
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
  Trust.layer,
  daemonProgram,
  offlineFiles,
  pluginTools
).pipe(
  Layer.provideMerge(scope),
  Layer.provideMerge(ground)
)
