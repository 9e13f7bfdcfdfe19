/**
 * Which plugins there are. Looks in the user's registry, the project (only when trusted), the user's folder and
 * `$ANIMUS_PLUGIN_PATH`, in that order; the first entry of a name wins, and a broken entry still reserves its name. Every
 * skip is explained.
 */
import { Context, Effect, Layer } from "effect"
import { PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { type Candidate, findCandidates } from "./Candidates.ts"
import type { Discovery, DiscoveryWarning, InstalledPlugin } from "./Discovery.ts"
import { probe } from "./ManifestProbe.ts"

export type { Discovery, DiscoveryWarning, InstalledPlugin, PluginSource } from "./Discovery.ts"

const PROBES_AT_ONCE = 4

type Probed =
  | { readonly candidate: Candidate; readonly manifest: PluginManifest }
  | { readonly candidate: Candidate; readonly reason: string }

const probeAll = (candidates: ReadonlyArray<Candidate>) =>
  Effect.forEach(
    candidates,
    (candidate) =>
      Effect.match(probe(candidate.path), {
        onSuccess: (manifest): Probed => ({ candidate, manifest }),
        onFailure: (error): Probed => ({ candidate, reason: error.message })
      }),
    { concurrency: PROBES_AT_ONCE }
  )

/** In the order of discovery: who comes first keeps the name, whether or not it works. */
const settle = (probed: ReadonlyArray<Probed>, warnings: ReadonlyArray<DiscoveryWarning>): Discovery => {
  const taken = new Map<string, string>()
  const plugins: Array<InstalledPlugin> = []
  const skipped = [...warnings]
  for (const one of probed) {
    const { name: entry, path, source } = one.candidate
    const name = "manifest" in one ? one.candidate.explicitName ?? one.manifest.name : entry
    const holder = taken.get(name)
    if (holder !== undefined) {
      if (holder !== path) skipped.push({ name, path, source, reason: `the name is taken by ${holder}` })
      continue
    }
    taken.set(name, path)
    if ("manifest" in one) plugins.push({ name, path, source, manifest: one.manifest })
    else skipped.push({ name, path, source, reason: one.reason })
  }
  return { plugins, warnings: skipped }
}

export class PluginCatalog extends Context.Service<PluginCatalog, {
  /** Probed once for the life of the layer. */
  readonly discovery: Effect.Effect<Discovery>
  readonly find: (name: string) => Effect.Effect<InstalledPlugin, PluginNotFound>
}>()("animus/plugin/PluginCatalog") {
  /** A catalog of these, for tests and embedders. */
  static readonly fromDiscovery = (discovery: Effect.Effect<Discovery>) =>
    PluginCatalog.of({
      discovery,
      find: Effect.fnUntraced(function*(name: string) {
        const { plugins } = yield* discovery
        const found = plugins.find((plugin) => plugin.name === name)
        if (found !== undefined) return found
        return yield* new PluginNotFound({ plugin: name, known: plugins.map((plugin) => plugin.name) })
      })
    })

  static readonly layer = Layer.effect(
    PluginCatalog,
    Effect.gen(function*() {
      const context = yield* Effect.context<
        Effect.Services<ReturnType<typeof probe>> | Effect.Services<typeof findCandidates>
      >()
      const discovery = yield* Effect.gen(function*() {
        const { candidates, warnings } = yield* findCandidates
        return settle(yield* probeAll(candidates), warnings)
      }).pipe(Effect.provideContext(context), Effect.cached)
      return PluginCatalog.fromDiscovery(discovery)
    })
  )
}
