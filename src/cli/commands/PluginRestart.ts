import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { pluginName } from "../SharedFlags.ts"

export const pluginRestart = Command.make("restart", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const live = yield* control["plugin/restart"]({ name })
    yield* succeed(live, [`${name} runs (pid ${live.pid ?? "?"}), with all its restarts before it`])
  })).pipe(Command.withDescription("End a plugin's process, forget its failures, and start it again"))
