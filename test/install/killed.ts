/** Does what its third argument names to its fourth, in the folder of its first, and is killed without a word at the point of its second. */
import { Effect } from "effect"
import { Installer } from "../../src/install/Installer.ts"
import { InstallPoint } from "../../src/install/InstallPoint.ts"
import { premisesAt } from "./Premises.ts"

const [root = "", point, verb, subject = ""] = process.argv.slice(2)

const deed = Installer.use((installer): Effect.Effect<unknown, unknown> => {
  switch (verb) {
    case "install":
      return installer.install({ spec: { kind: "path", path: subject }, policy: "warn" })
    case "uninstall":
      return installer.uninstall(subject)
    case "rollback":
      return installer.rollback(subject)
    default:
      return Effect.die(verb)
  }
})

await Effect.runPromise(
  deed.pipe(
    Effect.provideService(
      InstallPoint,
      (at) => at === point ? Effect.sync(() => process.kill(process.pid, "SIGKILL")) : Effect.void
    ),
    Effect.provide(premisesAt(root))
  )
)
