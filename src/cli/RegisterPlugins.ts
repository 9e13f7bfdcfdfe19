/**
 * Installs the plugins that came with Animus, like any others. What was installed from elsewhere under their names stays,
 * and so does what the user registered under them.
 */
import { Effect, FileSystem, Path } from "effect"
import type { KindTaken } from "../../schemas/errors/InstallErrors.ts"
import { Installer } from "../install/Installer.ts"
import { findLocked } from "../lock/Ledger.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { registryEntries } from "../plugin/RegistryText.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Installation } from "./Installation.ts"
import { withPluginTools } from "./PluginTools.ts"

/** Name and program of what the user registered by hand. */
const registered = Effect.gen(function*() {
  const { configDir } = yield* ProjectScope
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const file = join(configDir, "plugins.yaml")
  if (!(yield* fs.exists(file))) return new Map<string, string>()
  // What has another shape is discovery's to complain about.
  return new Map(
    yield* Effect.catchTag(
      registryEntries(file, yield* fs.readFileString(file)),
      "SchemaError",
      () => Effect.succeed([])
    )
  )
})

/** The names that are new, or newer than before, and why others stay out: what they would do, another plugin does. */
export const installReferencePlugins = Effect.gen(function*() {
  const { referencePlugins } = yield* Installation
  const installer = yield* Installer
  const ledger = yield* (yield* PluginStore).ledger
  const byHand = yield* registered
  const { dirname, relative } = yield* Path.Path
  const added: Array<string> = []
  const left: Array<KindTaken> = []
  for (const { name, path } of referencePlugins) {
    // An earlier release may have brought it beside, as a file.
    const isElsewhere = (given = path) => relative(dirname(path), given).startsWith("..")
    if (isElsewhere(findLocked(ledger, name)?.source) || isElsewhere(byHand.get(name))) continue
    yield* installer.install({ spec: { kind: "path", path }, policy: "disabled", name, force: true }).pipe(
      Effect.map(({ repaired, unchanged }) => (unchanged && !repaired) || added.push(name)),
      Effect.catchTag("KindTaken", (taken) => Effect.sync(() => left.push(taken)))
    )
  }
  return { added, left }
}).pipe(withPluginTools)
