/**
 * How many plugin processes one daemon runs at the same time. Past that a start is refused, and nobody waits for room: a
 * plugin that runs goes on running, so that there is none before somebody makes it.
 */
import { Effect, type Scope } from "effect"
import { TooManyPlugins } from "../../schemas/errors/PluginErrors.ts"

const MOST = 50
const MOST_VARIABLE = "ANIMUS_PLUGIN_PROCESS_MAX"

/** A whole number above zero; what is none counts as not said, so that a limit cannot be switched off by mistake. */
export const statedIn = (env: Readonly<Record<string, string>>, variable: string, otherwise: number): number => {
  const stated = Number(env[variable])
  return Number.isSafeInteger(stated) && stated > 0 ? stated : otherwise
}

/** Takes one place until the scope closes. */
export type PluginRoom = (plugin: string) => Effect.Effect<void, TooManyPlugins, Scope.Scope>

export const makeRoom = (env: Readonly<Record<string, string>>): PluginRoom => {
  const limit = statedIn(env, MOST_VARIABLE, MOST)
  let taken = 0
  return (plugin) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (taken >= limit) return Effect.fail(new TooManyPlugins({ plugin, limit, variable: MOST_VARIABLE }))
        taken++
        return Effect.void
      }),
      () => Effect.sync(() => void taken--)
    )
}
