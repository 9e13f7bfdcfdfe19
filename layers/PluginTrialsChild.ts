/** Examines a plugin in real child processes; all of them have ended when the report is there. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { env } from "node:process"
import type { TrialOptions } from "../src/cli/PluginTrials.ts"
import { examine } from "../src/conformance/Conformance.ts"
import * as PluginProcessChild from "./PluginProcessChild.ts"
import * as ProcessTableLinux from "./ProcessTableLinux.ts"

const given = (): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]))

const services = PluginProcessChild.layer.pipe(
  Layer.provideMerge(ProcessTableLinux.layer),
  Layer.provideMerge(NodeServices.layer)
)

export const examinePlugin = ({ command, label, only, timeout }: TrialOptions) =>
  Effect.provide(
    examine({ target: { label, command, env: given() }, timeout, only, cookie: `plugin-test-${randomUUID()}` }),
    services
  )
