/** Installs the plugin that its second argument names, and is killed without a word at the point that the third names. */
import { Effect } from "effect"
import { Installer } from "../../src/install/Installer.ts"
import { InstallPoint } from "../../src/install/InstallPoint.ts"
import { premisesAt } from "./Premises.ts"

const [root = "", path = "", point] = process.argv.slice(2)

await Effect.runPromise(
  Installer.use(({ install }) => install({ spec: { kind: "path", path }, policy: "warn" })).pipe(
    Effect.provideService(
      InstallPoint,
      (at) => at === point ? Effect.sync(() => process.kill(process.pid, "SIGKILL")) : Effect.void
    ),
    Effect.provide(premisesAt(root))
  )
)
