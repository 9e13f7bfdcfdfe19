/** Drives any command-line agent. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { Effect, Runtime } from "effect"
import { exit } from "node:process"
import { definePlugin, provider, serve } from "../../src/sdk/Sdk.ts"
import { resume, run } from "./Drive.ts"

const exec = definePlugin({
  manifest: {
    name: "animus-provider-exec",
    version: "0.1.0",
    plugin_kind: "provider",
    description: "Runs any command-line agent: the prompt on stdin or as an argument, its output streamed"
  },
  serves: provider({ tool: "exec", run, resume, cancel: "settle" })
})

NodeRuntime.runMain(Effect.provide(serve(exec), NodeStdio.layer), {
  // An open stdin would keep a plugin alive that was told to exit.
  teardown: (result) => Runtime.defaultTeardown(result, exit)
})
