/** What is wrong with this user's plugins, and what to type about it. Nothing is executed and nothing is changed. */
import { Context, Effect, FileSystem, Layer } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { DoctorFinding } from "../../schemas/errors/InstallErrors.ts"
import type { LockedPlugin, PluginLedger } from "../../schemas/PluginLock.ts"
import { cureOf } from "../lock/Cure.ts"
import { hashesOf } from "../lock/Ledger.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { type Candidate, findCandidates } from "../plugin/Candidates.ts"
import { rememberedManifest } from "../plugin/ManifestProbe.ts"
import { exporting, missingVariables } from "../plugin/MissingVariables.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { contestedAmong } from "./Claims.ts"

const unlisted = Effect.fnUntraced(function*({ broken, name, path, release, source }: Candidate) {
  if (release !== undefined || source === "project_local") return []
  const fs = yield* FileSystem.FileSystem
  const isThere = yield* Effect.orElseSucceed(fs.exists(path), () => false)
  const place = source === "explicit_config" ? "the registry names it" : "it lies where plugins are looked for"
  if (!isThere) {
    const problem = `${place}, and there is no ${path}`
    return [{ about: name, problem, fix: "Remove its entry from plugins.yaml, or put the file back" }]
  }
  if (broken !== undefined) return [{ about: name, problem: broken, fix: `chmod +x ${path}, or move it away` }]
  return [{ about: name, problem: `${place}, and it is not installed`, fix: `animus plugin install --path ${path}` }]
})

const changed = Effect.fnUntraced(function*(plugin: LockedPlugin) {
  const { check, folderOf } = yield* PluginStore
  const { found, intact } = yield* check(plugin.artifact_sha256)
  if (intact) return []
  const what = found === undefined ? "is gone" : "is not what was installed"
  return [{ about: plugin.name, problem: `${folderOf(plugin.artifact_sha256)} ${what}`, fix: cureOf(plugin) }]
})

/** As far as this shell knows; the daemon has the environment that it was started with. */
const missing = Effect.fnUntraced(function*({ artifact_sha256, name }: LockedPlugin) {
  const { env } = yield* HostEnvironment
  const manifest = yield* rememberedManifest(artifact_sha256)
  return manifest === undefined ? [] : missingVariables(manifest, env).map((variable) => ({
    about: name,
    problem: `it needs ${variable.name}, which is not set here`,
    fix: exporting([variable.name])
  }))
})

/** Of those who claim a kind together nobody serves it. */
const contested = Effect.fnUntraced(function*(ledger: PluginLedger) {
  return (yield* contestedAmong(ledger)).map(([kind, names]): DoctorFinding => ({
    about: names.join(", "),
    problem: `all of them claim subjects of kind "${kind}", so none of them serves it`,
    fix: names.map((name) => `animus plugin uninstall ${name}`).join(", or: ")
  }))
})

const examine = Effect.gen(function*() {
  const { held, ledger, trees } = yield* PluginStore
  const { candidates, warnings } = yield* findCandidates
  // What discovery says of files says already what to do.
  const told = warnings.map(({ name, reason }): DoctorFinding => ({ about: name, problem: reason, fix: "" }))
  const loose = yield* Effect.forEach(candidates, unlisted)
  const known = yield* Effect.option(ledger)
  if (known._tag === "None") return [...told, ...loose.flat()]
  const { plugins } = known.value
  const damaged = yield* Effect.forEach(plugins, changed)
  const clashes = yield* contested(known.value)
  const unset = yield* Effect.forEach(plugins, missing)
  const needed = hashesOf(known.value)
  const running = yield* held
  const orphans = (yield* trees).filter((tree) => !needed.has(tree) && !running.has(tree)).map((
    tree
  ): DoctorFinding => ({
    about: tree.slice(0, 12),
    problem: "it lies in the store, and nothing lists it",
    fix: "animus plugin doctor --sweep"
  }))
  return [...told, ...loose.flat(), ...damaged.flat(), ...clashes, ...unset.flat(), ...orphans]
})

export class Doctor extends Context.Service<Doctor, {
  readonly examine: Effect.Effect<ReadonlyArray<DoctorFinding>, StateFolderUnusable>
}>()("animus/install/Doctor") {
  static readonly layer = Layer.effect(
    Doctor,
    Effect.map(
      Effect.context<Effect.Services<typeof examine>>(),
      (context) => ({ examine: Effect.provideContext(examine, context) })
    )
  )
}
