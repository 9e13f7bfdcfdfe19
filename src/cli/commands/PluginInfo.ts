import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { kindsText, lockHint, toolsText, variablesText } from "../render/PluginText.ts"
import { pluginName } from "../SharedFlags.ts"
import { fields } from "../Table.ts"

export const pluginInfo = Command.make("info", { name: pluginName }, ({ name }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const info = yield* control["plugin/info"]({ name })
    yield* succeed(info, [
      ...fields([
        ["name", info.name],
        ["version", info.version],
        ["kind", kindsText(info)],
        ["description", info.description],
        ["supports", info.capabilities?.join(", ")],
        ["source", info.source],
        ["path", info.binary_path],
        ["installed from", info.installed_from],
        ["sha256", info.artifact_sha256],
        ["pinned", info.pinned === true ? "to this version" : undefined],
        ["lock", info.lock_state],
        ["signature", info.signature_status]
      ]),
      ...variablesText(info.env_required),
      ...toolsText(info),
      ...lockHint(info)
    ])
  })).pipe(Command.withDescription("Show one plugin"))
