import { Effect, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { DaemonStillRunning } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { ProcessTable } from "../../project/ProcessTable.ts"
import { succeed } from "../Output.ts"

export const shutdownTimeout = Flag.Int("shutdown-timeout-secs").pipe(
  Flag.withDefault(60),
  Flag.withDescription("How long running phases may take to come to an end")
)

/** Runs that are cut short by this go on when the daemon starts again: recovery decides for each. The pid of what ended. */
export const stopDaemon = Effect.fnUntraced(function*(timeout: number) {
  const control = yield* ControlClient
  const processes = yield* ProcessTable
  const { pid = 0 } = yield* control["daemon/status"]({})
  yield* control["daemon/stop"]({ timeout_seconds: timeout })
  yield* processes.isAlive(pid).pipe(
    Effect.repeat({ while: (alive) => alive, schedule: Schedule.spaced("25 millis") }),
    Effect.timeoutOrElse({
      duration: `${timeout + 15} seconds`,
      orElse: () => Effect.fail(new DaemonStillRunning({ pid }))
    })
  )
  return pid
})

export const daemonStop = Command.make("stop", { timeout: shutdownTimeout }, ({ timeout }) =>
  Effect.gen(function*() {
    const pid = yield* stopDaemon(timeout)
    yield* succeed({ pid }, [`daemon ${pid} has stopped`])
  })).pipe(Command.withDescription("Stop the daemon of this project"))
