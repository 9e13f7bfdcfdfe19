import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { entryId } from "../SharedFlags.ts"

export const queueDrop = Command.make("drop", { id: entryId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["queue/drop"]({ id })
    yield* succeed({ id }, [`${id} is dropped`])
  })).pipe(Command.withDescription("Take an entry out of the queue"))
