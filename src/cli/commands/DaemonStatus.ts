import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { askAgain } from "../AskAgain.ts"
import { succeed } from "../Output.ts"
import { daemonText } from "../render/DaemonText.ts"

/** Tells the truth when there is no daemon, and that is not a failure of the command. */
export const daemonStatus = Command.make("status", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const scope = yield* ProjectScope
    const status = yield* askAgain(control["daemon/status"]({})).pipe(
      Effect.catchTag("DaemonNotRunning", () => Effect.succeed({ running: false, project_root: scope.projectRoot }))
    )
    yield* succeed(status, daemonText(status))
  })).pipe(Command.withDescription("Say whether a daemon runs for this project"))
