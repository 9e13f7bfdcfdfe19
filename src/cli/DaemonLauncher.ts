/** Starts the daemon as a process of its own that outlives the command that started it. */
import { Context, type Effect } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"

export interface LaunchRequest {
  readonly projectRoot: string
  /** Passed on as `ANIMUS_CONFIG_DIR`; undefined where there is none, and the project's own folder is both. */
  readonly configDir: string | undefined
  /** Where its stdout and stderr go; created, 0600. */
  readonly logPath: string
}

export class DaemonLauncher extends Context.Service<DaemonLauncher, {
  /** Leads a process group of its own. Returns its pid as soon as it was started; whether it is ready, its socket tells. */
  readonly launch: (request: LaunchRequest) => Effect.Effect<{ readonly pid: number }, StateFolderUnusable>
}>()("animus/cli/DaemonLauncher") {}
