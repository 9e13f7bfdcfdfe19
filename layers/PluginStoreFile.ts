/**
 * The store in the user's folder: `store/<sha256>/` for trees, `plugins.lock` for the ledger. Both are replaced by rename
 * after everything they stand for was synced, so that a crash or a power cut leaves what was there before.
 */
import { Effect, Layer, Schedule } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { InstallBusy } from "../schemas/errors/InstallErrors.ts"
import { LockUnreadable } from "../schemas/errors/LockErrors.ts"
import type { PluginLedger } from "../schemas/PluginLock.ts"
import { emptyLedger } from "../src/lock/Ledger.ts"
import { parseLedger, renderLedger } from "../src/lock/LedgerText.ts"
import { PluginStore } from "../src/lock/PluginStore.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { replaceFile } from "./DurableFile.ts"
import { copyTree, hashTree } from "./PluginTree.ts"
import { snapshotsIn, treesIn } from "./StoredTrees.ts"
import { acquireLock } from "./StoreLock.ts"
import { orWhenMissing, unusable, wordsOf } from "./StoreTrouble.ts"

const PATIENCE = Schedule.spaced("100 millis").pipe(Schedule.upTo({ duration: "1 minute" }))

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

/** Whoever waits is told for whom. */
const tellOnce = () => {
  let told = false
  return (holder: string) =>
    Effect.suspend(() => {
      if (told) return Effect.void
      told = true
      return Effect.logInfo(`waiting for the end of another install (${holder})`)
    })
}

const exclusiveIn = (store: string) =>
  Effect.suspend(() => {
    const tell = tellOnce()
    return acquireLock(store, "install", 0).pipe(
      Effect.tapError((error) => error._tag === "DaemonAlreadyRunning" ? tell(error.holder) : Effect.void),
      Effect.retry({ while: (error) => error._tag === "DaemonAlreadyRunning", schedule: PATIENCE }),
      Effect.mapError((error) =>
        error._tag === "DaemonAlreadyRunning"
          ? new InstallBusy({ holder: error.holder, lockPath: error.lockPath })
          : error
      )
    )
  })

const make = Effect.gen(function*() {
  const scope = yield* ProjectScope
  const store = Path.join(scope.configDir, "store")
  const { check, folderOf, held, hold, keep, stage, sweep, trees } = yield* treesIn(store)
  const { snapshot, sweepSnapshots } = yield* snapshotsIn(Path.join(scope.scopeDir, "plugins"))
  return PluginStore.of({
    ...ledgerIn(scope),
    exclusive: exclusiveIn(store),
    stage,
    copy: copyTree,
    hash: hashTree,
    keep,
    folderOf,
    check,
    hold,
    held,
    snapshot,
    sweepSnapshots,
    trees,
    sweep
  })
})

export const layer = Layer.effect(PluginStore, make)
