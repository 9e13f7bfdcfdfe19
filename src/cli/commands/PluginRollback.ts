import { Effect } from "effect"
import { Command } from "effect/cli"
import { Installer } from "../../install/Installer.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { releaseLine, restartHint } from "../render/PluginText.ts"
import { pluginName } from "../SharedFlags.ts"

export const pluginRollback = Command.make("rollback", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const plugin = yield* installer.rollback(name)
    yield* succeed(plugin, [`back to ${releaseLine(plugin)}`, restartHint(name)])
  }).pipe(withPluginTools)).pipe(Command.withDescription("Go back to the release that was installed before"))
