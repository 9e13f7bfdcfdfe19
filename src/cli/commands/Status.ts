import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { askAgain } from "../AskAgain.ts"
import { succeed } from "../Output.ts"
import { daemonText } from "../render/DaemonText.ts"
import { runTable } from "../render/RunText.ts"

/** The first command of the day: is it up, what runs, what waits for me. */
export const status = Command.make("status", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const scope = yield* ProjectScope
    const daemon = yield* askAgain(control["daemon/status"]({})).pipe(
      Effect.catchTag("DaemonNotRunning", () => Effect.succeed({ running: false, project_root: scope.projectRoot }))
    )
    if (!daemon.running) return yield* succeed({ daemon }, daemonText(daemon))
    const [queue, { runs }] = yield* Effect.all(
      [control["queue/stats"]({}), control["workflow/list"]({ limit: 10 })],
      { concurrency: 2 }
    )
    yield* succeed({ daemon, queue, runs }, [
      ...daemonText(daemon),
      `queue    ${queue.ready} ready, ${queue.held} held, ${queue.in_flight} in flight`,
      "",
      ...runTable(runs)
    ])
  })).pipe(Command.withDescription("Show the daemon, the queue and the newest runs"))
