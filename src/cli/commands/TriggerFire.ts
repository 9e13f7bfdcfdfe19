import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Json } from "../../../schemas/Json.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"

export const triggerFire = Command.make("fire", {
  id: Argument.String("trigger").pipe(Argument.withDescription("The trigger's id, as trigger list shows it")),
  payload: Flag.String("payload").pipe(
    Flag.withSchema(Schema.fromJsonString(Json)),
    Flag.optional,
    Flag.withDescription("What the event carries, as JSON")
  )
}, ({ id, payload }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const entry = yield* control["trigger/fire"]({ id, payload: Option.getOrNull(payload) })
    yield* succeed(entry, [`${entry.id} is ${entry.status}`])
  })).pipe(
    Command.withDescription("Queue what an event of this trigger would start; no signature and no limit are asked")
  )
