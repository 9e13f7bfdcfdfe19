/** The stores of a project as a whole, for the commands that look after them. Loaded by those alone. */
import { Context, type Effect } from "effect"
import type {
  ConfigInvalid,
  DaemonAlreadyRunning,
  InvalidInput,
  StateFolderUnusable
} from "../../schemas/errors/DaemonErrors.ts"
import type { SequenceConflict, SessionsDiverged, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { DurableStoreKind, SessionStoreKind } from "../project/DaemonConfig.ts"
import type { Migrated } from "../session/MigrateSessions.ts"

export type StoreToolError =
  | ConfigInvalid
  | DaemonAlreadyRunning
  | InvalidInput
  | SessionStoreFailed
  | StateFolderUnusable

export interface StoreStatus {
  readonly store: SessionStoreKind
  /** Where a person finds it, in words; absent where nothing is kept. */
  readonly location?: string
  /** Of the files there; absent where there are none of ours. */
  readonly bytes?: number
  readonly runs: number
  readonly unfinished: number
  readonly unreadable: number
  /** Who alone may write; absent while nobody holds the lock. */
  readonly held_by?: string
}

export class SessionStoreTools extends Context.Service<SessionStoreTools, {
  /** Refuses while a daemon runs. */
  readonly migrate: (
    from: DurableStoreKind,
    to: DurableStoreKind
  ) => Effect.Effect<Migrated, StoreToolError | SequenceConflict | SessionsDiverged>
  /** What the configuration names. */
  readonly configured: Effect.Effect<SessionStoreKind, ConfigInvalid>
  /** Of what the configuration names; also while a daemon runs. */
  readonly status: Effect.Effect<StoreStatus, StoreToolError>
}>()("animus/cli/SessionStoreTools") {}
