/** Tasks and requirements of one project, kept in one file of its state folder. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { Effect, Runtime } from "effect"
import { exit } from "node:process"
import { serve } from "../../src/sdk/Sdk.ts"
import { subjects } from "./subjects.ts"

NodeRuntime.runMain(Effect.provide(serve(subjects), NodeStdio.layer), {
  // An open stdin would keep a plugin alive that was told to exit.
  teardown: (result) => Runtime.defaultTeardown(result, exit)
})
