import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { HostEnvironment } from "../../project/HostEnvironment.ts"
import { orphans } from "../../project/Orphans.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { orOffline } from "../OfflineFiles.ts"
import { succeed } from "../Output.ts"
import { table } from "../Table.ts"

/** With no daemon, whatever a daemon of this project ever started is one. */
const unclaimed = Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  const found = yield* Effect.provideService(orphans, HostEnvironment, {
    env: {},
    cookie: scopeDir,
    generation: "none"
  })
  return { orphans: found.map(({ by, command, pid, plugin }) => ({ pid, command, plugin, recognised_by: by })) }
})

export const pluginOrphans = Command.make("orphans", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const { offline, value } = yield* orOffline(control["plugin/orphans"]({}), unclaimed)
    const rows = value.orphans.map(({ command, pid, plugin = "", recognised_by = "" }) => [
      pid,
      command,
      plugin,
      recognised_by
    ])
    yield* succeed(
      { ...value, ...(offline ? { offline } : {}) },
      rows.length === 0 ? ["no process was left behind"] : [
        ...table(["PID", "COMMAND", "PLUGIN", "RECOGNISED BY"], rows),
        offline
          ? "the next start ends them: animus daemon start"
          : "they survived SIGKILL: look at them before you go on"
      ]
    )
  })).pipe(Command.withDescription("List processes that an earlier daemon, or a plugin, of this project left behind"))
