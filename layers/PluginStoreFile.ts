/**
 * The store in the user's folder: `store/<sha256>/` for trees, `plugins.lock` for the ledger. Both are replaced by rename
 * after everything they stand for was synced, so that a crash or a power cut leaves what was there before.
 */
import { Effect, Layer, Schedule, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { InstallBusy } from "../schemas/errors/InstallErrors.ts"
import { LockUnreadable } from "../schemas/errors/LockErrors.ts"
import type { PluginLedger } from "../schemas/PluginLock.ts"
import { emptyLedger } from "../src/lock/Ledger.ts"
import { parseLedger, renderLedger } from "../src/lock/LedgerText.ts"
import { PluginStore, type TreeCheck } from "../src/lock/PluginStore.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { makeFolder, replaceFile, syncFolder } from "./DurableFile.ts"
import { copyTree, freezeTree, hashTree, identityOfTree, removeTree } from "./PluginTree.ts"
import { acquireLock } from "./StoreLock.ts"

const STAGING = ".staging-"
const PATIENCE = Schedule.spaced("100 millis").pipe(Schedule.upTo({ duration: "1 minute" }))

const wordsOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

const orWhenMissing = <A>(absent: A, found: Promise<A>): Promise<A> =>
  found.catch((cause: unknown) => codeOf(cause) === "ENOENT" ? absent : Promise.reject(cause))

const unusable = (path: string) => (cause: unknown) =>
  new StateFolderUnusable({
    what: "plugin store",
    path,
    detail: wordsOf(cause),
    fix: "Make it a folder this user may write and that has room, then type the same again"
  })

const attempt = <A>(path: string, run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unusable(path) })

const ledgerIn = ({ configDir, projectDir }: ProjectScope["Service"]) => {
  const ledgerPath = Path.join(configDir, "plugins.lock")
  const text = Effect.tryPromise({
    try: () => orWhenMissing("", Fs.readFile(ledgerPath, "utf8")),
    catch: (cause) => new LockUnreadable({ path: ledgerPath, detail: wordsOf(cause) })
  })
  const ofProject = new LockUnreadable({
    path: ledgerPath,
    detail: "it lies in the project that it would speak for. Set ANIMUS_CONFIG_DIR to a folder of your own"
  })
  const revision = Effect.promise(() =>
    Fs.stat(ledgerPath, { bigint: true }).then(
      ({ ctimeNs, ino, mtimeNs, size }) => [ino, size, mtimeNs, ctimeNs].join(" "),
      // What cannot be looked at is told by whoever reads it.
      () => ""
    )
  )
  return {
    ledgerPath,
    revision,
    // A repository that brings its own ledger along has none.
    ledger: configDir === projectDir
      ? Effect.fail(ofProject)
      : Effect.flatMap(text, (text) => text === "" ? Effect.succeed(emptyLedger) : parseLedger(ledgerPath, text)),
    commit: (ledger: PluginLedger) =>
      Effect.mapError(replaceFile(ledgerPath, renderLedger(ledger)), unusable(ledgerPath))
  }
}

/** A tree is read once and believed until something in it, whatever its times say, was touched. */
const makeHashes = () => {
  const seen = new Map<string, { readonly identity: string; readonly sha256: string }>()
  return Effect.fn("PluginStore.hashOnce")(function*(folder: string) {
    const before = yield* identityOfTree(folder)
    const known = seen.get(folder)
    if (known?.identity === before) return known.sha256
    seen.delete(folder)
    const sha256 = yield* hashTree(folder)
    if ((yield* identityOfTree(folder)) === before) seen.set(folder, { identity: before, sha256 })
    return sha256
  })
}

const exclusiveIn = (store: string) =>
  acquireLock(store, "install", 0).pipe(
    Effect.retry({ while: (error) => error._tag === "DaemonAlreadyRunning", schedule: PATIENCE }),
    Effect.mapError((error) =>
      error._tag === "DaemonAlreadyRunning"
        ? new InstallBusy({ holder: error.holder, lockPath: error.lockPath })
        : error
    )
  )

const isTree = (name: string) => /^[0-9a-f]{64}$/.test(name)

const removed = (folder: string) => Effect.mapError(removeTree(folder), unusable(folder))

/** A folder in which trees lie under their hashes. */
const treesIn = (store: string) => {
  const hashOnce = makeHashes()
  const one = Semaphore.makeUnsafe(1)
  const folderOf = (sha256: string) => Path.join(store, sha256.toLowerCase())

  const stage = Effect.gen(function*() {
    yield* Effect.mapError(makeFolder(store), unusable(store))
    const folder = Path.join(store, STAGING + randomUUID())
    return yield* Effect.acquireRelease(
      Effect.as(attempt(folder, () => Fs.mkdir(folder, { mode: 0o700 })), folder),
      // What stays is swept by the next install.
      () => Effect.ignore(removed(folder))
    )
  })

  const check = Effect.fn("PluginStore.check")((sha256: string) =>
    Effect.match(hashOnce(folderOf(sha256)), {
      onSuccess: (found): TreeCheck => ({ intact: found === sha256.toLowerCase(), found }),
      // A tree that cannot be read is not the one that was installed.
      onFailure: ({ detail }): TreeCheck => ({ intact: false, found: detail })
    })
  )

  const keep = Effect.fn("PluginStore.keep")(function*(folder: string, sha256: string) {
    const kept = folderOf(sha256)
    if ((yield* check(sha256)).intact) return
    yield* freezeTree(folder)
    // What lies there under this name is damaged: what it should have been takes its place.
    yield* removed(kept)
    yield* attempt(kept, () => Fs.rename(folder, kept).then(() => Fs.chmod(kept, 0o555)))
    yield* Effect.mapError(syncFolder(store), unusable(store))
  })

  const snapshot = Effect.fn("PluginStore.snapshot")(
    function*(from: string) {
      const sha256 = yield* hashOnce(from)
      if ((yield* check(sha256)).intact) return { folder: folderOf(sha256), sha256 }
      const staged = yield* stage
      yield* copyTree(from, staged)
      const copied = yield* hashTree(staged)
      yield* keep(staged, copied)
      return { folder: folderOf(copied), sha256: copied }
      // Several plugins of one project are asked for at the same time; the second finds what the first has put there.
    },
    Effect.scoped,
    one.withPermit
  )

  return { check, folderOf, keep, snapshot, stage }
}

const make = Effect.gen(function*() {
  const scope = yield* ProjectScope
  const { configDir, scopeDir } = scope
  const store = Path.join(configDir, "store")
  const { check, folderOf, keep, stage } = treesIn(store)
  const names = attempt(store, () => orWhenMissing([], Fs.readdir(store)))

  const sweep = Effect.fn("PluginStore.sweep")(function*(keep: ReadonlySet<string>) {
    const left = (yield* names).filter((name) => name.startsWith(STAGING) || (isTree(name) && !keep.has(name)))
    yield* Effect.forEach(left, (name) => removed(Path.join(store, name)), { discard: true })
    return left
  })

  return PluginStore.of({
    ...ledgerIn(scope),
    exclusive: exclusiveIn(store),
    stage,
    copy: copyTree,
    hash: hashTree,
    keep,
    folderOf,
    check,
    snapshot: treesIn(Path.join(scopeDir, "plugins")).snapshot,
    trees: Effect.map(names, (all) => all.filter(isTree)),
    sweep
  })
})

export const layer = Layer.effect(PluginStore, make)
