import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { entryId } from "../SharedFlags.ts"

export const queueRelease = Command.make("release", { id: entryId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["queue/release"]({ id })
    yield* succeed({ id }, [`${id} is ready again`])
  })).pipe(Command.withDescription("Let a held entry go on"))
