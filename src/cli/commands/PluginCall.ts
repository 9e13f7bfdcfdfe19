import { Effect, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { CallSeconds } from "../../../schemas/control/PluginRpcs.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { sanitize } from "../Sanitize.ts"

export const pluginCall = Command.make("call", {
  name: Flag.String("name").pipe(Flag.withDescription("Plugin name, as plugin list shows it")),
  method: Flag.String("method").pipe(Flag.withDescription("Such as health/check")),
  params: Flag.String("params").pipe(
    Flag.withDefault("null"),
    Flag.withDescription("JSON"),
    Flag.withSchema(Schema.fromJsonString(Schema.Json))
  ),
  timeout: Flag.Int("timeout-secs").pipe(
    Flag.withSchema(CallSeconds),
    Flag.optional,
    Flag.withDescription("How long the answer may take; default: 120")
  )
}, ({ method, name, params, timeout }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const answer = yield* control["plugin/call"]({ name, method, params, ...given({ timeout_secs: timeout }) })
    yield* succeed(answer, [sanitize(JSON.stringify(answer, undefined, 2))])
  })).pipe(Command.withDescription("Call a method of a plugin and show its answer"))
