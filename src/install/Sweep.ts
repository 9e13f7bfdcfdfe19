/**
 * Takes away what nothing refers to any more: trees that the ledger does not list, neither as they are nor to go back to, and
 * that no living process may run something of; old copies of the project's plugins; what a crash left half done.
 */
import { Effect, Layer, Path } from "effect"
import { hashesOf } from "../lock/Ledger.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { forgetManifests } from "../plugin/ForgetManifests.ts"
import { ProjectScope } from "../project/ProjectScope.ts"

/** While `exclusive` is held. Where there is no ledger, nobody knows what it listed. */
export const sweepTrees = Effect.fn("Sweep.sweepTrees")(function*() {
  const store = yield* PluginStore
  const ledger = yield* store.ledger
  return yield* store.sweep(ledger.generated_at === "" ? new Set(yield* store.trees) : hashesOf(ledger))
})

/** The same for who holds nothing yet. */
export const sweep = Effect.gen(function*() {
  const { exclusive } = yield* PluginStore
  yield* exclusive
  return yield* sweepTrees()
}).pipe(Effect.scoped)

const ofProject = Effect.gen(function*() {
  const { sweepSnapshots } = yield* PluginStore
  const { projectDir } = yield* ProjectScope
  const { join } = yield* Path.Path
  return yield* sweepSnapshots(join(projectDir, "plugins"))
})

const everything = Effect.gen(function*() {
  const { trees } = yield* PluginStore
  const swept = [...yield* sweep, ...yield* ofProject]
  const copies = swept.length === 1 ? "one stored copy" : `${swept.length} stored copies`
  if (swept.length > 0) yield* Effect.logInfo(`removed ${copies} of plugins that nothing refers to`)
  yield* forgetManifests(new Set(yield* trees))
}).pipe(Effect.catch(({ message }) => Effect.logWarning(`stored plugins were not swept: ${message}`)))

/** When a daemon starts, and has ended what an earlier one left running. Nothing waits for it. */
export const layer = Layer.effectDiscard(Effect.forkScoped(everything))
