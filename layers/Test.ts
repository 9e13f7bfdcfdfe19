/**
 * The whole daemon over doubles: no process, no disk, no clock but the test's. Driven through the same typed client that the
 * command line uses, over the same bytes.
 */
import { Clock, Effect, FileSystem, Layer, Path } from "effect"
import { Digest } from "effect/crypto"
import { ChildProcessSpawner } from "effect/process"
import type { AgentRunResponse } from "../schemas/Provider.ts"
import type { WorkflowDefinition } from "../schemas/Workflow.ts"
import type { AgentSession } from "../src/agent/AgentSessions.ts"
import { ControlClient } from "../src/control/ControlClient.ts"
import { ControlHandlers } from "../src/control/ControlHandlers.ts"
import { ControlServer } from "../src/control/ControlServer.ts"
import { DaemonLifecycle } from "../src/control/DaemonLifecycle.ts"
import { PluginLock } from "../src/lock/PluginLock.ts"
import { Notifications } from "../src/notify/Notifications.ts"
import { PluginCatalog } from "../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../src/plugin/PluginHost.ts"
import { DaemonConfig } from "../src/project/DaemonConfig.ts"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { Trust } from "../src/project/Trust.ts"
import { RunEngine } from "../src/run/RunEngine.ts"
import { Scheduler } from "../src/schedule/Scheduler.ts"
import { PluginTools } from "../src/tools/PluginTools.ts"
import { Workflows } from "../src/workflow/Workflows.ts"
import { AgentSessionsMemory } from "./AgentSessionsMemory.ts"
import * as ControlMemory from "./ControlMemory.ts"
import * as DispatchQueueMemory from "./DispatchQueueMemory.ts"
import * as LogBackendMemory from "./LogBackendMemory.ts"
import * as PhaseRunnerInProcess from "./PhaseRunnerInProcess.ts"
import * as PluginProcessMemory from "./PluginProcessMemory.ts"
import * as ProcessTableMemory from "./ProcessTableMemory.ts"
import { SessionStoreMemory } from "./SessionStoreMemory.ts"
import * as SubjectRouterMemory from "./SubjectRouterMemory.ts"

export interface TestDaemon {
  /** The first is the default. */
  readonly workflows: ReadonlyArray<WorkflowDefinition>
  /** The final answer of every agent, or how it comes to it. */
  readonly agent: (session: AgentSession) => Effect.Effect<string>
  readonly kinds?: ReadonlyArray<string>
}

const scope = Layer.succeed(ProjectScope, {
  projectRoot: "/project",
  projectDir: "/project/.animus",
  configDir: "/config",
  scopeDir: "/config/project",
  socketPath: "/config/project/control.sock"
})

const status = { trusted: true, files: [], hash: "", approvedHash: "" }
const trusting = Layer.succeed(Trust, {
  status: Effect.succeed(status),
  approve: Effect.succeed(status),
  revoke: Effect.void,
  require: () => Effect.void
})

const ground = Layer.mergeAll(
  scope,
  trusting,
  PluginLock.layerOpen,
  Digest.layerWebCrypto,
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(DaemonConfig, {
    session_store: "memory",
    pool_size: 4,
    log_level: "info",
    runner: "in_process",
    transports: {}
  }),
  Layer.succeed(HostEnvironment, { env: {}, cookie: "test", generation: "test" }),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() =>
      Effect.die("the test daemon starts no processes: use phases of mode agent or manual")
    )
  ),
  PluginProcessMemory.layer({}),
  ProcessTableMemory.layer,
  Layer.succeed(PluginCatalog, PluginCatalog.fromDiscovery(Effect.succeed({ plugins: [], warnings: [] }))),
  DaemonLifecycle.layer({ pid: 0, version: "test", logPath: "" })
)

const answering = (agent: TestDaemon["agent"]) => (session: AgentSession): Effect.Effect<AgentRunResponse> =>
  Effect.gen(function*() {
    const since = yield* Clock.currentTimeMillis
    const output = yield* agent(session)
    const duration_ms = (yield* Clock.currentTimeMillis) - since
    return { session_id: session.session, exit_code: 0, output, duration_ms, backend: "test" }
  })

/** Over a store of the caller's, which may outlive it: the next one over the same store is the daemon started again. */
export const layerOver = ({ agent, kinds = ["task", "requirement"], workflows }: TestDaemon) =>
  ControlClient.layer.pipe(
    Layer.provide(ControlMemory.layer),
    Layer.provide(ControlServer.layer),
    Layer.provide(ControlHandlers),
    Layer.provideMerge(Scheduler.layer),
    Layer.provideMerge(RunEngine.layer),
    Layer.provideMerge(PhaseRunnerInProcess.layer),
    Layer.provide(PluginTools.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        AgentSessionsMemory.layer(answering(agent)),
        SubjectRouterMemory.layer(kinds),
        Workflows.layerOf(workflows),
        DispatchQueueMemory.layer,
        LogBackendMemory.layer,
        PluginHost.layer
      )
    ),
    Layer.provideMerge(Notifications.layer),
    Layer.provideMerge(ground)
  )

/** Gives the client, and the services behind it for a test to look into. */
export const layer = (daemon: TestDaemon) => Layer.provideMerge(layerOver(daemon), SessionStoreMemory.layer)
