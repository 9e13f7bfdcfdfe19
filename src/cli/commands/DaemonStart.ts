import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { succeed } from "../Output.ts"
import { installReferencePlugins } from "../RegisterPlugins.ts"
import { aboutRepository } from "../Repository.ts"
import { startDaemon } from "../StartDaemon.ts"

/** Words of older scripts: it always goes into the background, and nothing is checked or installed before it starts. */
const past = (name: string) => Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withHidden)

export const startAndSay = Effect.gen(function*() {
  const { already, status } = yield* startDaemon
  const { lines, repository } = yield* aboutRepository("daemon start")
  yield* succeed(
    { ...status, already_running: already, repository },
    [...lines, `daemon ${already ? "already runs" : "started"} (pid ${status.pid}) for ${status.project_root}`]
  )
})

export const daemonStart = Command.make(
  "start",
  {
    autonomous: past("autonomous"),
    skipPreflight: past("skip-preflight"),
    autoInstall: Flag.Boolean("auto-install").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Install the plugins that came with Animus first")
    )
  },
  ({ autoInstall }) => Effect.andThen(autoInstall ? installReferencePlugins : Effect.void, startAndSay)
).pipe(Command.withDescription("Start the daemon of this project in the background"))
