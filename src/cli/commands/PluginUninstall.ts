import { Effect } from "effect"
import { Command } from "effect/cli"
import { Installer } from "../../install/Installer.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { releaseLine } from "../render/PluginText.ts"
import { pluginName } from "../SharedFlags.ts"

export const pluginUninstall = Command.make("uninstall", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const plugin = yield* installer.uninstall(name)
    yield* succeed(plugin, [
      `uninstalled ${releaseLine(plugin)}`,
      "a process of it that runs goes on until the daemon stops: animus daemon stop"
    ])
  }).pipe(withPluginTools)).pipe(Command.withDescription("Remove an installed plugin and its earlier releases"))
