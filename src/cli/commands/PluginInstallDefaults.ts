import { Effect } from "effect"
import { Command } from "effect/cli"
import { succeed } from "../Output.ts"
import { installReferencePlugins } from "../RegisterPlugins.ts"
import { sanitizeLine } from "../Sanitize.ts"

export const pluginInstallDefaults = Command.make("install-defaults", {}, () =>
  Effect.gen(function*() {
    const { added, left } = yield* installReferencePlugins
    const lines = [
      ...added.map((name) => `installed ${name}`),
      ...left.map(({ holder, kind, plugin }) =>
        sanitizeLine(`left out ${plugin}: ${holder} serves subjects of kind "${kind}"`)
      )
    ]
    const data = { installed: added, left_out: left.map(({ plugin }) => plugin) }
    yield* succeed(data, lines.length === 0 ? ["all of them are installed"] : lines)
  })).pipe(Command.withDescription("Install the plugins that came with Animus, as init does"))
