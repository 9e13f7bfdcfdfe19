/** A process that may start the plugin that its second argument names: says where it lies, then lives until it is killed. */
import { Effect } from "effect"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { premisesAt } from "./Premises.ts"

const [root = "", name = ""] = process.argv.slice(2)

// A timer, for a promise that nobody keeps does not keep a process alive.
setInterval(() => {}, 300_000)

await Effect.runPromise(
  PluginLock.use(({ admit }) => admit({ name, path: "", source: "installed", locked: name })).pipe(
    Effect.tap(({ path }) => Effect.sync(() => process.stdout.write(`${path}\n`))),
    Effect.andThen(Effect.never),
    Effect.provide(premisesAt(root))
  )
)
