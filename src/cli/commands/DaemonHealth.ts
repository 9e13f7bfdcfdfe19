import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { healthText } from "../render/DaemonText.ts"

export const daemonHealth = Command.make("health", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const health = yield* control["daemon/health"]({})
    yield* succeed(health, healthText(health))
  })).pipe(Command.withDescription("Ask the daemon and every plugin how they are"))
