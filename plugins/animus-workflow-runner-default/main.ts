/** The runner that comes with Animus: `daemon.runner: subprocess`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Runtime } from "effect"
import { dirname } from "node:path"
import { env, exit } from "node:process"
import * as ControlConnectionSocket from "../../layers/ControlConnectionSocket.ts"
import {
  COOKIE_VARIABLE,
  GENERATION_VARIABLE,
  HostEnvironment,
  markVariables,
  PLUGIN_VARIABLE
} from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { serve } from "../../src/sdk/Sdk.ts"
import { runner } from "./Runner.ts"

const given: Record<string, string> = {}
for (const [name, value] of Object.entries(env)) {
  if (value !== undefined && !markVariables.has(name)) given[name] = value
}

/** What it starts is its daemon's, and its own: whoever outlives it is found by either name. */
const hostEnvironment = Layer.succeed(HostEnvironment, {
  env: given,
  cookie: env[COOKIE_VARIABLE] ?? "",
  generation: env[GENERATION_VARIABLE] ?? "",
  plugin: env[PLUGIN_VARIABLE] ?? ""
})

const control = (socketPath: string) =>
  ControlConnectionSocket.layer.pipe(
    Layer.provide(Layer.succeed(ProjectScope, {
      projectRoot: "",
      projectDir: "",
      configDir: "",
      scopeDir: dirname(socketPath),
      socketPath
    })),
    Layer.provide(NodeServices.layer)
  )

NodeRuntime.runMain(
  Effect.flatMap(runner({ control }), serve).pipe(Effect.provide([hostEnvironment, NodeServices.layer])),
  // An open stdin would keep a plugin alive that was told to exit.
  { teardown: (result) => Runtime.defaultTeardown(result, exit) }
)
