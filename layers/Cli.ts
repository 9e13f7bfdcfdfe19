/** What the commands of `animus` stand on. The daemon and the stores are loaded only by the commands that need them. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Option } from "effect"
import { DaemonProgram } from "../src/cli/DaemonProgram.ts"
import { ProjectRoot } from "../src/cli/GlobalFlags.ts"
import { OfflineStore } from "../src/cli/OfflineStore.ts"
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

const offlineStore = Layer.effect(
  OfflineStore,
  Effect.map(ProjectScope, (scope) => ({
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

export const layer = Layer.mergeAll(
  ControlClient.layer.pipe(Layer.provide(ControlConnectionSocket.layer)),
  DaemonLauncherDetached.layer,
  ProcessTableLinux.layer,
  Trust.layer,
  daemonProgram,
  offlineStore
).pipe(
  Layer.provideMerge(scope),
  Layer.provideMerge(NodeServices.layer)
)
