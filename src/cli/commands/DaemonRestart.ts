import { Effect } from "effect"
import { Command } from "effect/cli"
import { startAndSay } from "./DaemonStart.ts"
import { shutdownTimeout, stopDaemon } from "./DaemonStop.ts"

export const daemonRestart = Command.make(
  "restart",
  { timeout: shutdownTimeout },
  ({ timeout }) =>
    stopDaemon(timeout).pipe(
      Effect.catchTag("DaemonNotRunning", () => Effect.void),
      Effect.andThen(startAndSay)
    )
).pipe(Command.withDescription("Stop the daemon of this project, if one runs, and start it again"))
