/** Plugins as people name them: what was found and cannot be used is not unknown, and has a reason that says what to do. */
import { Effect } from "effect"
import { PluginSkipped, VariablesMissing } from "../../schemas/errors/PluginErrors.ts"
import { exporting, missingVariables } from "../plugin/MissingVariables.ts"
import { type DiscoveryWarning, PluginCatalog } from "../plugin/PluginCatalog.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"

/** Some reasons name the file themselves. */
export const warningOf = ({ name, path, reason }: DiscoveryWarning) => ({
  plugin: name,
  message: reason.includes(path) ? reason : `${path}: ${reason}`
})

export const makeNamed = Effect.gen(function*() {
  const { discovery, find } = yield* PluginCatalog
  const named = Effect.fnUntraced(function*(name: string) {
    const found = yield* Effect.result(find(name))
    if (found._tag === "Success") return found.success
    const skipped = (yield* discovery).warnings.find((warning) => warning.name === name)
    if (skipped === undefined) return yield* found.failure
    const { message, plugin } = warningOf(skipped)
    return yield* new PluginSkipped({ plugin, reason: message })
  })

  const { env } = yield* HostEnvironment
  /** The daemon starts one all the same that lacks something, with a warning; a person is told. */
  const equipped = Effect.fnUntraced(function*(name: string) {
    const plugin = yield* named(name)
    const variables = missingVariables(plugin.manifest, env)
    if (variables.length === 0) return plugin
    return yield* new VariablesMissing({ plugin: name, variables, fix: exporting(variables.map(({ name }) => name)) })
  })

  return { named, equipped }
})
