import { Effect, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { sanitize } from "../Sanitize.ts"

export const pluginCall = Command.make("call", {
  name: Flag.String("name").pipe(Flag.withDescription("Plugin name, as plugin list shows it")),
  method: Flag.String("method").pipe(Flag.withDescription("Such as health/check")),
  params: Flag.String("params").pipe(
    Flag.withDefault("null"),
    Flag.withDescription("JSON"),
    Flag.withSchema(Schema.fromJsonString(Schema.Json))
  )
}, ({ method, name, params }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const answer = yield* control["plugin/call"]({ name, method, params })
    yield* succeed(answer, [sanitize(JSON.stringify(answer, undefined, 2))])
  })).pipe(Command.withDescription("Call a method of a plugin and show its answer"))
