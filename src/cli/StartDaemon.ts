/**
 * A daemon for this project: the one that runs, or a new one, ready when this returns. A daemon that ends before it is ready
 * is reported with its own last words.
 */
import { Effect, FileSystem, Path, Schedule } from "effect"
import { DaemonStartFailed } from "../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { ProcessTable } from "../project/ProcessTable.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { askAgain } from "./AskAgain.ts"
import { DaemonLauncher } from "./DaemonLauncher.ts"

const LOOKS = Schedule.spaced("15 millis")

const probe = askAgain(ControlClient.use((control) => control["daemon/status"]({})))

const lastWords = Effect.fnUntraced(function*(logPath: string, from: number) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(logPath)
  // The daemon is this same program, and has said its own name already.
  return text.slice(from).trim().split("\n").slice(-20).join("\n").replace(/^animus: /gm, "")
}, Effect.catchTag("PlatformError", (error) => Effect.succeed(`its log cannot be read: ${error.message}`)))

const launch = Effect.gen(function*() {
  const scope = yield* ProjectScope
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const processes = yield* ProcessTable
  const launcher = yield* DaemonLauncher
  const logPath = path.join(scope.scopeDir, "daemon", "daemon.log")
  const from = yield* fs.stat(logPath).pipe(Effect.map(({ size }) => Number(size)), Effect.orElseSucceed(() => 0))
  const { pid } = yield* launcher.launch({
    projectRoot: scope.projectRoot,
    configDir: scope.configDir === scope.scopeDir ? undefined : scope.configDir,
    logPath
  })

  const failed = (detail: string) => new DaemonStartFailed({ detail, logPath })
  const stillStarts = Effect.flatMap(
    processes.isAlive(pid),
    (alive) => alive ? Effect.void : Effect.flatMap(lastWords(logPath, from), (words) => Effect.fail(failed(words)))
  )
  // A look at the file costs nothing, and a call takes from the daemon what it starts with.
  const listens = fs.exists(scope.socketPath).pipe(
    Effect.orElseSucceed(() => true),
    Effect.tap((listens) => listens ? Effect.void : stillStarts),
    Effect.repeat({ until: (listens) => listens, schedule: LOOKS })
  )
  const ready = probe.pipe(
    Effect.tapErrorTag("DaemonNotRunning", () => stillStarts),
    Effect.retry({ while: (error) => error._tag === "DaemonNotRunning", schedule: LOOKS })
  )
  return yield* Effect.andThen(listens, ready).pipe(
    Effect.timeoutOrElse({
      duration: "20 seconds",
      orElse: () => Effect.fail(failed("it runs, but its socket did not answer within 20 seconds"))
    })
  )
})

export const startDaemon = probe.pipe(
  Effect.map((status) => ({ status, already: true })),
  Effect.catchTag("DaemonNotRunning", () => Effect.map(launch, (status) => ({ status, already: false })))
)
