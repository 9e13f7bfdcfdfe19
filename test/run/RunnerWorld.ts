/** The world of the engine with the runner that comes with Animus beside it: its own code, its own bytes, no process. */
import { Deferred, Effect, Layer, Stdio, Stream } from "effect"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import * as PhaseRunnerSubprocess from "../../layers/PhaseRunnerSubprocess.ts"
import type { MemoryProgram } from "../../layers/PluginProcessMemory.ts"
import { runner } from "../../plugins/animus-workflow-runner-default/Runner.ts"
import { ControlConnection } from "../../src/control/ControlConnection.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { AgentHandlers } from "../../src/control/handlers/AgentHandlers.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { serve } from "../../src/sdk/Sdk.ts"
import * as Doubles from "../control/Doubles.ts"
import { hostsOf } from "../tools/Hosts.ts"
import { World } from "./World.ts"

interface Options {
  /** All that the runner is told by the daemon. */
  readonly wire?: Array<string>
  readonly installed?: boolean
}

export const runnerWorld = ({ installed = true, wire = [] }: Options = {}): World => {
  const world = new World()
  world.phases = phasesOf(world, { installed, wire })
  return world
}

export const phasesOf = (world: World, { installed = true, wire = [] }: Options = {}) =>
  Layer.unwrap(Effect.gen(function*() {
    const socket = yield* Deferred.make<ControlConnection["Service"]>()
    const overheard = Effect.map(Stdio.Stdio, (stdio) =>
      Stdio.Stdio.of({
        ...stdio,
        stdin: Stream.tap(stdio.stdin, (bytes) => Effect.sync(() => void wire.push(new TextDecoder().decode(bytes))))
      }))
    const program: MemoryProgram = () =>
      Effect.flatMap(
        runner({ control: () => Layer.effect(ControlConnection, Deferred.await(socket)) }),
        serve
      ).pipe(
        Effect.provideServiceEffect(Stdio.Stdio, overheard),
        Effect.provide(world.layer)
      )
    const runners = { [PhaseRunnerSubprocess.RUNNER]: { program, facts: { plugin_kind: "workflow_runner" } } }
    const performed = PhaseRunnerSubprocess.layer.pipe(
      Layer.provide(
        hostsOf(installed ? runners : {})
      ),
      Layer.provide(world.layer)
    )
    const listening = Layer.effectDiscard(
      Effect.flatMap(ControlConnection, (connection) => Deferred.succeed(socket, connection))
    ).pipe(
      Layer.provide(ControlMemory.layer),
      Layer.provide(ControlServer.layer),
      Layer.provide(AgentHandlers.pipe(Layer.provide(Layer.mock(RunEngine)({})))),
      Layer.provide(Layer.unwrap(Effect.map(Doubles.steering, Doubles.handlers))),
      Layer.provide(world.layer)
    )
    return Layer.provideMerge(listening, performed)
  }))
