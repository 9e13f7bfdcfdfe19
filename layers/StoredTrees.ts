/**
 * A folder in which trees lie under their hashes, each put there by one rename after all of it was synced, and taken away by
 * another before anything of it is removed: whoever looks finds a whole tree, or none.
 */
import { Effect, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { installPoint } from "../src/install/InstallPoint.ts"
import type { TreeCheck } from "../src/lock/PluginStore.ts"
import { makeFolder, syncFolder } from "./DurableFile.ts"
import { copyTree, freezeTree, hashTree, identityOfTree, removeTree } from "./PluginTree.ts"
import { orWhenMissing, unusable } from "./StoreTrouble.ts"
import { makeHolds } from "./TreeHolds.ts"

const STAGING = ".staging-"

const attempt = <A>(path: string, run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unusable(path) })

/** A tree is read once and believed until something in it, whatever its times say, was touched. */
const makeHashes = () => {
  const seen = new Map<string, { readonly identity: string; readonly sha256: string }>()
  return Effect.fn("StoredTrees.hashOnce")(function*(folder: string) {
    const before = yield* identityOfTree(folder)
    const known = seen.get(folder)
    if (known?.identity === before) return known.sha256
    seen.delete(folder)
    const sha256 = yield* hashTree(folder)
    if ((yield* identityOfTree(folder)) === before) seen.set(folder, { identity: before, sha256 })
    return sha256
  })
}

const isTree = (name: string) => /^[0-9a-f]{64}$/.test(name)

const removed = (folder: string) => Effect.mapError(removeTree(folder), unusable(folder))

const isThere = (folder: string) => Effect.promise(() => Fs.lstat(folder).then(() => true, () => false))

const makeSweep = (store: string, { clear, held }: Effect.Success<ReturnType<typeof makeHolds>>) => {
  const names = attempt(store, () => orWhenMissing([], Fs.readdir(store)))
  const trees = Effect.map(names, (all) => all.filter(isTree))

  /** Set aside in one step: what a crash leaves of it is swept as any other leftover. */
  const discard = Effect.fnUntraced(function*(name: string) {
    const aside = Path.join(store, STAGING + randomUUID())
    yield* attempt(name, () => Fs.rename(Path.join(store, name), aside))
    yield* installPoint("set-aside")
    yield* removed(aside)
  })

  const sweep = Effect.fn("StoredTrees.sweep")(function*(keep: ReadonlySet<string>) {
    yield* clear
    const leftovers = (yield* names).filter((name) => name.startsWith(STAGING))
    yield* Effect.forEach(leftovers, (name) => removed(Path.join(store, name)), { discard: true })
    const inUse = yield* held
    const unneeded = (yield* trees).filter((name) => !keep.has(name) && !inUse.has(name))
    yield* Effect.forEach(unneeded, discard, { discard: true })
    return [...leftovers, ...unneeded]
  })

  return { trees, sweep }
}

export const treesIn = Effect.fnUntraced(function*(store: string) {
  const holds = yield* makeHolds(store)
  const hashOnce = makeHashes()
  const folderOf = (sha256: string) => Path.join(store, sha256.toLowerCase())

  const stage = Effect.gen(function*() {
    yield* Effect.mapError(makeFolder(store), unusable(store))
    const folder = Path.join(store, STAGING + randomUUID())
    return yield* Effect.acquireRelease(
      Effect.as(attempt(folder, () => Fs.mkdir(folder, { mode: 0o700 })), folder),
      // What stays is swept later.
      () => Effect.ignore(removed(folder))
    )
  })

  const check = Effect.fn("StoredTrees.check")(function*(sha256: string) {
    const folder = folderOf(sha256)
    const found = yield* Effect.result(hashOnce(folder))
    if (found._tag === "Success") {
      return { intact: found.success === sha256.toLowerCase(), found: found.success } satisfies TreeCheck
    }
    // A tree that cannot be read is not the one that was installed.
    const words = (yield* isThere(folder)) ? found.failure.detail : undefined
    return { intact: false, found: words } satisfies TreeCheck
  })

  const keep = Effect.fn("StoredTrees.keep")(function*(folder: string, sha256: string) {
    const kept = folderOf(sha256)
    if ((yield* check(sha256)).intact) return false
    yield* freezeTree(folder)
    // What lies there under this name is damaged: what it should have been takes its place.
    yield* removed(kept)
    yield* attempt(kept, () => Fs.rename(folder, kept).then(() => Fs.chmod(kept, 0o555)))
    yield* Effect.mapError(syncFolder(store, "file"), unusable(store))
    return true
  })

  return {
    stage,
    check,
    keep,
    folderOf,
    hashOnce,
    hold: (sha256: string) => holds.hold(sha256.toLowerCase()),
    held: holds.held,
    ...makeSweep(store, holds)
  }
})

/** Copies of one folder, as it was each time somebody asked. */
export const snapshotsIn = Effect.fnUntraced(function*(store: string) {
  const { check, folderOf, hashOnce, hold, keep, stage, sweep, trees } = yield* treesIn(store)
  // Several plugins of one project are asked for at the same time; the second finds what the first has put there.
  const one = Semaphore.makeUnsafe(1)

  const snapshot = Effect.fn("StoredTrees.snapshot")(
    function*(from: string) {
      const sha256 = yield* hashOnce(from)
      yield* hold(sha256)
      if ((yield* check(sha256)).intact) return { folder: folderOf(sha256), sha256 }
      const staged = yield* stage
      yield* copyTree(from, staged)
      const copied = yield* hashTree(staged)
      yield* hold(copied)
      yield* keep(staged, copied)
      return { folder: folderOf(copied), sha256: copied }
    },
    Effect.scoped,
    one.withPermit
  )

  /** All but that of the folder as it is now. */
  const sweepSnapshots = Effect.fn("StoredTrees.sweepSnapshots")(function*(from: string) {
    if ((yield* trees).length === 0) return yield* sweep(new Set())
    const now = yield* Effect.option(hashOnce(from))
    return yield* sweep(new Set(now._tag === "Some" ? [now.value] : []))
  }, one.withPermit)

  return { snapshot, sweepSnapshots }
})
