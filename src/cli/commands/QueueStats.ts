import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { fields } from "../Table.ts"

export const queueStats = Command.make("stats", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const stats = yield* control["queue/stats"]({})
    yield* succeed(stats, fields(Object.entries(stats)))
  })).pipe(Command.withDescription("Count the queue"))
