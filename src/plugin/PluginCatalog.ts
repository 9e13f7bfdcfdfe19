/**
 * Which plugins there are. Looks in the user's registry, the ledger of what is installed, the project (only when trusted),
 * the user's folder and `$ANIMUS_PLUGIN_PATH`, in that order. Nothing is asked for its manifest that may not be started. The
 * first entry of a name wins, a broken one, too; what the project brings counts only once it is trusted. Every skip is explained.
 */
import { Context, Deferred, Effect, Layer, type Scope, Semaphore } from "effect"
import { PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { PluginLock, type Startable } from "../lock/PluginLock.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { type Candidate, findCandidates } from "./Candidates.ts"
import type { Discovery, DiscoveryWarning, InstalledPlugin } from "./Discovery.ts"
import { probe, rememberedManifest } from "./ManifestProbe.ts"

export type { Discovery, DiscoveryWarning, InstalledPlugin, PluginSource } from "./Discovery.ts"

const PROBES_AT_ONCE = 8
/** What a start waits for manifests that are not remembered. */
const GRACE = "300 millis"
const STILL_ASKED = "it has not yet answered --manifest; look again in a moment"

type Probed =
  | { readonly candidate: Candidate; readonly manifest: PluginManifest }
  | { readonly candidate: Candidate; readonly reason: string }

const asStartable = ({ name, path, release, source }: Candidate): Startable => ({
  name,
  path,
  source,
  locked: release?.name
})

/** Asked only for what is not remembered of exactly this tree, and only what may be started is asked. */
const ask = Effect.fnUntraced(function*(candidate: Candidate) {
  const { admit } = yield* PluginLock
  const known = candidate.release === undefined
    ? undefined
    : yield* rememberedManifest(candidate.release.artifact_sha256)
  if (known !== undefined) return known
  const { key, path } = yield* admit(asStartable(candidate))
  return yield* probe(path, key)
})

const probeOne = (candidate: Candidate) =>
  candidate.broken === undefined
    ? Effect.match(ask(candidate), {
      onSuccess: (manifest): Probed => ({ candidate, manifest }),
      onFailure: (error): Probed => ({ candidate, reason: error.message })
    })
    : Effect.succeed<Probed>({ candidate, reason: candidate.broken })

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
    const { release } = one.candidate
    if ("manifest" in one) {
      plugins.push({ name, path, source, manifest: one.manifest, release, locked: release?.name })
    } else skipped.push({ name, path, source, reason: one.reason })
  }
  return { plugins, warnings: skipped }
}

interface Looking {
  /** As far as it is known now: the same object until more is. */
  readonly found: Effect.Effect<Discovery>
  /** Everybody has answered, or was given up. */
  readonly settled: Effect.Effect<void>
}

/** Everybody is asked at the same time; the slow ones are waited for by nobody, and are there once they have answered. */
const startLooking = Effect.fnUntraced(function*(scope: Scope.Scope) {
  const { candidates, warnings } = yield* findCandidates
  const probed: Array<Probed> = candidates.map((candidate) => ({ candidate, reason: STILL_ASKED }))
  const settled = yield* Deferred.make<void>()
  let found: Discovery | undefined
  yield* Effect.forEach(
    candidates,
    (candidate, index) =>
      Effect.map(probeOne(candidate), (answer) => {
        probed[index] = answer
        found = undefined
      }),
    { concurrency: PROBES_AT_ONCE, discard: true }
  ).pipe(Effect.ensuring(Deferred.succeed(settled, undefined)), Effect.forkIn(scope))
  yield* Effect.timeoutOption(Deferred.await(settled), GRACE)
  return {
    found: Effect.sync(() => found ??= settle(probed, warnings)),
    settled: Deferred.await(settled)
  } satisfies Looking
})

export class PluginCatalog extends Context.Service<PluginCatalog, {
  /** Looked for again after an install; the same object until then. */
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
        Effect.Services<ReturnType<typeof ask>> | Effect.Services<typeof findCandidates>
      >()
      const { revision } = yield* PluginStore
      const scope = yield* Effect.scope
      const one = yield* Semaphore.make(1)
      let last: { readonly revision: string; readonly looking: Looking } | undefined
      const look = one.withPermit(Effect.gen(function*() {
        const now = yield* revision
        if (last?.revision !== now) last = { revision: now, looking: yield* startLooking(scope) }
        return last.looking
      })).pipe(Effect.provideContext(context))
      const discovery = Effect.flatMap(look, ({ found }) => found)
      const catalog = PluginCatalog.fromDiscovery(discovery)
      return PluginCatalog.of({
        discovery,
        find: (name) =>
          Effect.catchTag(catalog.find(name), "PluginNotFound", () =>
            // Who asks for one by name waits for whoever has not yet said what it is called.
            Effect.andThen(Effect.flatMap(look, ({ settled }) => settled), catalog.find(name)))
      })
    })
  )
}
