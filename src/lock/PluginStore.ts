/**
 * Where installed plugins lie and what is listed of them, in the user's folder: trees under their own hash, never changed
 * after they were put there, and the ledger, which is replaced whole. A crash leaves the ledger and every listed tree as
 * they were; what it leaves besides is swept by the next install, and by the next start of a daemon.
 */
import { Context, type Effect, type Scope } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { InstallBusy, TreeRefused } from "../../schemas/errors/InstallErrors.ts"
import type { LockUnreadable } from "../../schemas/errors/LockErrors.ts"
import type { PluginLedger } from "../../schemas/PluginLock.ts"

/** What a look at a stored tree found; undefined hash when it is gone. */
export interface TreeCheck {
  readonly intact: boolean
  readonly found: string | undefined
}

export class PluginStore extends Context.Service<PluginStore, {
  /** `plugins.lock`, for messages. */
  readonly ledgerPath: string
  /** An empty one when there is no file. */
  readonly ledger: Effect.Effect<PluginLedger, LockUnreadable>
  /** Changes whenever the ledger does; empty without one. Costs one look at the file. */
  readonly revision: Effect.Effect<string>
  /** Durable when it returns. Only while `exclusive` is held. */
  readonly commit: (ledger: PluginLedger) => Effect.Effect<void, StateFolderUnusable>
  /** Until the scope closes nobody else installs; the kernel lets go when the holder dies. Waits a minute at most. */
  readonly exclusive: Effect.Effect<void, InstallBusy | StateFolderUnusable, Scope.Scope>
  /** An empty folder beside the trees; gone when the scope closes. */
  readonly stage: Effect.Effect<string, StateFolderUnusable, Scope.Scope>
  /** Copies a file, or a folder and all that is in it; links that lead out of it are refused. */
  readonly copy: (from: string, to: string) => Effect.Effect<void, TreeRefused | StateFolderUnusable>
  /** Every byte is read. */
  readonly hash: (folder: string) => Effect.Effect<string, TreeRefused>
  /** Moves a staged folder under its hash, durably; false when it lay there already, intact. */
  readonly keep: (folder: string, sha256: string) => Effect.Effect<boolean, TreeRefused | StateFolderUnusable>
  readonly folderOf: (sha256: string) => string
  /** Whether the stored tree still has its hash. Reads every byte, unless nothing was touched since the last time. */
  readonly check: (sha256: string) => Effect.Effect<TreeCheck>
  /** From when this returns until this process ends nobody sweeps the tree, and whoever is to sweep it looks first. */
  readonly hold: (sha256: string) => Effect.Effect<void>
  /** What living processes, this one among them, hold. */
  readonly held: Effect.Effect<ReadonlySet<string>>
  /** A copy of a folder as it is now, in this project's state, under its hash, and held. Made anew only when it changed. */
  readonly snapshot: (
    folder: string
  ) => Effect.Effect<{ readonly folder: string; readonly sha256: string }, TreeRefused | StateFolderUnusable>
  /** Removes the copies of a folder that differ from what it is now and that nobody holds. For the one daemon of a project. */
  readonly sweepSnapshots: (folder: string) => Effect.Effect<ReadonlyArray<string>, StateFolderUnusable>
  /** The hashes under which trees lie there, listed or not. */
  readonly trees: Effect.Effect<ReadonlyArray<string>, StateFolderUnusable>
  /** Removes what a crash left, and trees that are not among these and that nobody holds. Only while `exclusive` is held. */
  readonly sweep: (keep: ReadonlySet<string>) => Effect.Effect<ReadonlyArray<string>, StateFolderUnusable>
}>()("animus/lock/PluginStore") {}
