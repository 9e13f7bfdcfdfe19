import { Effect } from "effect"
import { Command } from "effect/cli"
import { succeed } from "../Output.ts"
import { aboutRepository } from "../Repository.ts"
import { startDaemon } from "../StartDaemon.ts"

export const daemonStart = Command.make("start", {}, () =>
  Effect.gen(function*() {
    const { already, status } = yield* startDaemon
    const { lines, repository } = yield* aboutRepository("daemon start")
    yield* succeed(
      { ...status, already_running: already, repository },
      [...lines, `daemon ${already ? "already runs" : "started"} (pid ${status.pid}) for ${status.project_root}`]
    )
  })).pipe(Command.withDescription("Start the daemon of this project in the background"))
