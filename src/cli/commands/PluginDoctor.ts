import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { Doctor, type Finding } from "../../install/Doctor.ts"
import { Installer } from "../../install/Installer.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { sanitizeLine } from "../Sanitize.ts"

const lineOf = ({ about, fix, problem }: Finding): string =>
  sanitizeLine(`${about}: ${problem}${fix === "" ? "" : `. Type: ${fix}`}`)

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
    const findings = yield* doctor.examine
    yield* succeed({ healthy: findings.length === 0, findings, swept }, [
      ...swept.map((name) => `removed ${name} from the store`),
      ...findings.length === 0 ? ["nothing is wrong with the plugins of this user"] : findings.map(lineOf)
    ])
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Say what is wrong with the plugins, and what to type about it")
  )
