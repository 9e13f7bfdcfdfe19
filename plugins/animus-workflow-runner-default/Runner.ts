/**
 * Performs what its daemon launches: a command in a process of its own, an agent through the daemon's control socket. What is
 * heard is streamed back before the answer. It folds nothing, decides nothing and keeps nothing: it may die at any time.
 */
import { Clock, Effect, Layer, Schedule, Schema, Stream } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import {
  type AgentHeard,
  AgentLaunch,
  type CommandLaunch,
  LaunchEnded,
  PHASE_OUTPUT,
  type PhaseLaunch,
  type PhaseOutput
} from "../../schemas/PhaseLaunch.ts"
import type { RunPhase } from "../../schemas/WorkflowRunner.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import type { ConnectError, ControlConnection } from "../../src/control/ControlConnection.ts"
import type { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { executeCommand } from "../../src/run/phases/CommandExecution.ts"
import { definePlugin, type Host, PluginFailure, workflowRunner } from "../../src/sdk/Sdk.ts"

export interface Means {
  /** How the control socket at this path is reached. */
  readonly control: (path: string) => Layer.Layer<ControlConnection>
}

type Say = (output: Omit<PhaseOutput, "launch">) => Effect.Effect<void>

const NAME = "animus-workflow-runner-default"

const encodeEnded = Schema.encodeEffect(LaunchEnded)

const command = (launch: CommandLaunch, say: Say) =>
  executeCommand(launch, (said) => say({ said })).pipe(
    Effect.catchTag("CommandNotRun", ({ detail }) => Effect.succeed<LaunchEnded>({ _tag: "CommandNotRun", detail }))
  )

/** A daemon takes up unfinished runs before it listens on its socket. */
const untilItListens = Schedule.max([Schedule.spaced("100 millis"), Schedule.recurs(300)])

const lost = (error: ControlError | ConnectError): LaunchEnded => ({
  _tag: "AgentFailed",
  error: new ConnectionLost({ plugin: NAME, detail: error.message })
})

const agent = Effect.fnUntraced(
  function*({ control_socket, ...launch }: AgentLaunch & { readonly control_socket: string }, say: Say) {
    const client = yield* ControlClient
    let ended: LaunchEnded | undefined
    const hear = (heard: AgentHeard | { readonly watching: true }) => {
      if ("watching" in heard) return Effect.void
      if (heard._tag === "Frames") return say({ frames: heard.frames })
      ended = heard
      return Effect.void
    }
    yield* client["agent/launch"](launch).pipe(
      Stream.runForEach(hear),
      Effect.retry({ while: (error) => error._tag === "DaemonNotRunning", schedule: untilItListens })
    )
    return ended ?? lost(new ControlError({ category: "unavailable", message: `${control_socket} said no end of it` }))
  },
  Effect.catch((error) => Effect.succeed(lost(error)))
)

const perform = ({ control }: Means, launch: PhaseLaunch, say: Say) =>
  launch._tag === "Command"
    ? command(launch, say)
    : agent(launch, say).pipe(
      Effect.provide(ControlClient.layer.pipe(Layer.provide(control(launch.control_socket))))
    )

const noPhase = new PluginFailure({
  category: "not_found",
  message: "the request has no launch: this runner performs what its own daemon asks of it, and knows no workflows",
  code: ErrorCode.WorkflowPhaseNotFound
})

const noWorkflow = new PluginFailure({
  category: "not_found",
  message: "the daemon executes workflows; this runner performs their phases. Type: animus workflow execute",
  code: ErrorCode.WorkflowNotFound
})

const runPhase = Effect.fnUntraced(function*(means: Means, host: Host, { launch, launch_id = "" }: RunPhase) {
  if (launch === undefined) return yield* noPhase
  const began = yield* Clock.currentTimeMillis
  const ended = yield* perform(means, launch, (output) => host.notify(PHASE_OUTPUT, { ...output, launch: launch_id }))
  const failed = ended._tag === "AgentFailed" || ended._tag === "CommandNotRun"
  // Made here, of the schema's own types: encoding it cannot fail.
  const result_payload = yield* Effect.orDie(encodeEnded(ended))
  return {
    phase_status: failed ? "failed" as const : "completed" as const,
    duration_secs: ((yield* Clock.currentTimeMillis) - began) / 1000,
    outcome: { Completed: { result_payload } },
    metadata: null,
    signals: []
  }
})

/** Work is not left to settle when the daemon is gone: it ends with it, and the next daemon decides. */
export const runner = Effect.fnUntraced(function*(means: Means) {
  const rooms = yield* Effect.context<ChildProcessSpawner.ChildProcessSpawner | HostEnvironment>()
  const part = workflowRunner({
    supports: ["run_phase"],
    open: (host) =>
      Effect.succeed({
        execute: () => Effect.fail(noWorkflow),
        run_phase: (request) => Effect.provideContext(runPhase(means, host, request), rooms)
      })
  })
  return definePlugin({
    manifest: {
      name: NAME,
      version: "0.1.0",
      plugin_kind: "workflow_runner",
      description: "Performs the phases of workflows in a process of its own, for the daemon that asks it to"
    },
    serves: { ...part, detached: [] }
  })
})
