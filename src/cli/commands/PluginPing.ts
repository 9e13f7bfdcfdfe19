import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlError } from "../../../schemas/control/ControlError.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { pluginName } from "../SharedFlags.ts"
import { duration } from "../Table.ts"

export const pluginPing = Command.make("ping", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const answer = yield* control["plugin/ping"]({ name })
    if (!answer.ok) {
      return yield* new ControlError({
        category: "unavailable",
        message: answer.error ?? `plugin ${name} does not answer`
      })
    }
    yield* succeed(answer, [`${name} answered in ${duration(answer.latency_ms ?? 0)}`])
  })).pipe(Command.withDescription("Ask a plugin whether it answers"))
