/** The daemon as a detached child: own session, no terminal, output appended to its log file. */
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { DaemonLauncher, type LaunchRequest } from "../src/cli/DaemonLauncher.ts"
import { Installation } from "../src/cli/Installation.ts"
import { unlimited } from "./LimitMark.ts"

const openLog = (path: string) =>
  Effect.try({
    try: () => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      return openSync(path, "a", 0o600)
    },
    catch: (cause) =>
      new StateFolderUnusable({
        path: dirname(path),
        detail: cause instanceof Error ? cause.message : String(cause),
        fix: "Make the folder writable for this user and try again"
      })
  })

export const layer = Layer.effect(
  DaemonLauncher,
  Effect.gen(function*() {
    const { self: [command, ...args] } = yield* Installation
    const launch = Effect.fn("DaemonLauncher.launch")(function*(request: LaunchRequest) {
      const log = yield* Effect.acquireRelease(openLog(request.logPath), (fd) => Effect.sync(() => closeSync(fd)))
      return yield* Effect.callback<{ readonly pid: number }, StateFolderUnusable>((resume) => {
        const [path, all] = unlimited(command, [...args, "daemon", "run", "--project-root", request.projectRoot])
        const child = spawn(path, all, {
          cwd: request.projectRoot,
          detached: true,
          // A daemon that an agent starts is nobody's child: it must not be taken for what another one left behind.
          env: { ...process.env, ANIMUS_COOKIE: undefined, ANIMUS_CONFIG_DIR: request.configDir },
          stdio: ["ignore", log, log]
        })
        child.once("error", (cause) =>
          resume(Effect.fail(
            new StateFolderUnusable({
              path: request.projectRoot,
              detail: cause.message,
              fix: "Check that the project folder exists and can be entered"
            })
          )))
        child.once("spawn", () => {
          child.unref()
          resume(Effect.succeed({ pid: child.pid ?? 0 }))
        })
      })
    }, Effect.scoped)
    return DaemonLauncher.of({ launch })
  })
)
