import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { PluginsUnhealthy } from "../../../schemas/errors/InstallErrors.ts"
import { Doctor } from "../../install/Doctor.ts"
import { Installer } from "../../install/Installer.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"

export const pluginDoctor = Command.make("doctor", {
  sweep: Flag.Boolean("sweep").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Remove what lies in the store and is listed nowhere")
  )
}, ({ sweep }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const doctor = yield* Doctor
    const swept = sweep ? yield* installer.sweep : []
    const [first, ...others] = yield* doctor.examine
    if (first !== undefined) return yield* new PluginsUnhealthy({ findings: [first, ...others], swept })
    yield* succeed({ healthy: true, findings: [], swept }, [
      ...swept.map((name) => `removed ${name} from the store`),
      "nothing is wrong with the plugins of this user"
    ])
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Say what is wrong with the plugins, and what to type about it")
  )
