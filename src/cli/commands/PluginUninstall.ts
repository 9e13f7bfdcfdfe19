import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { Installer } from "../../install/Installer.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { releaseLine } from "../render/PluginText.ts"
import { pluginName } from "../SharedFlags.ts"

/** What is not listed any more must not go on working; without a daemon nothing of it runs. */
const endIt = Effect.fnUntraced(function*(name: string) {
  const control = yield* ControlClient
  const { survivors } = yield* control["plugin/stop"]({ name }).pipe(
    Effect.catchTag("DaemonNotRunning", () => Effect.succeed({ survivors: [] }))
  )
  return survivors
})

export const pluginUninstall = Command.make("uninstall", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const plugin = yield* installer.uninstall(name)
    const survivors = yield* endIt(plugin.name)
    yield* succeed({ ...plugin, survivors }, [
      `uninstalled ${releaseLine(plugin)}; nothing of it is started any more`,
      ...survivors.map(({ command, pid }) => `${command} (${pid}) could not be ended: look at it, then: kill -9 ${pid}`)
    ])
  }).pipe(withPluginTools)).pipe(Command.withDescription("Remove an installed plugin, and end what runs of it"))
