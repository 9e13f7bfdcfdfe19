import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { pluginName } from "../SharedFlags.ts"
import { table } from "../Table.ts"

export const pluginStatus = Command.make(
  "status",
  { name: pluginName.pipe(Argument.optional) },
  (args) =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const live = yield* control["plugin/status"](given(args))
      const rows = live.plugins.map(({ last_error, name, pid, restarts, state }) => [
        name,
        state,
        pid,
        restarts,
        last_error
      ])
      const disabled = live.plugins.filter(({ state }) => state === "disabled")
      yield* succeed(live, [
        ...rows.length > 0
          ? table(["NAME", "STATE", "PID", "RESTARTS", "LAST ERROR"], rows)
          : ["no plugins. Register the reference ones with: animus init"],
        ...disabled.map(({ name }) => `${name} stays disabled until: animus plugin restart ${name}`)
      ])
    })
).pipe(Command.withDescription("Show what the supervisor knows of each plugin"))
