/**
 * Looks after one plugin, round after round: a round lasts as long as its process does, and the next begins once it may be
 * started again. One that was given up is back when an operator restarts it; one that was uninstalled is let go of.
 */
import { Effect, Schedule } from "effect"
import type { PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import { registryFault } from "./Discovery.ts"
import { PluginCatalog } from "./PluginCatalog.ts"
import { PluginHost } from "./PluginHost.ts"

const LOOK_AGAIN = "1 second"
/** A process that ended has been noticed by its supervisor by then. */
const BREATH = "250 millis"

type Standing = "startable" | "disabled" | "gone"

/** While the list of what is installed cannot be read, nobody can say that it is gone. */
const standingOf = Effect.fnUntraced(
  function*(plugin: string): Effect.fn.Return<Standing, never, PluginCatalog | PluginHost> {
    const host = yield* PluginHost
    const status = yield* Effect.result(host.status(plugin))
    if (status._tag === "Success") return status.success.state === "disabled" ? "disabled" : "startable"
    const { discovery } = yield* PluginCatalog
    return registryFault(yield* discovery) === undefined ? "gone" : "disabled"
  }
)

/** Returns when the plugin is no longer installed; `task` is what it was looked after for, as the log puts it. */
export const whileInstalled = Effect.fnUntraced(function*<R>(
  plugin: string,
  task: string,
  round: Effect.Effect<void, PluginNotFound, R>
) {
  while (true) {
    // Whether it is gone is for the look below to say.
    yield* Effect.ignore(round)
    const standing = yield* Effect.repeat(standingOf(plugin), {
      while: (standing) => standing === "disabled",
      schedule: Schedule.spaced(LOOK_AGAIN)
    })
    if (standing === "gone") break
    yield* Effect.sleep(BREATH)
  }
  yield* Effect.logInfo(
    `plugin ${plugin} is no longer installed, so it is no longer ${task}. ` +
      "Once it is installed again: animus daemon stop && animus daemon start"
  )
})
