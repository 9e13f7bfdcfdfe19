/** The stores of a project as a whole, for the commands that look after them. Loaded by those alone. */
import { Context, type Effect } from "effect"
import type {
  ConfigInvalid,
  DaemonAlreadyRunning,
  InvalidInput,
  StateFolderUnusable
} from "../../schemas/errors/DaemonErrors.ts"
import type { SequenceConflict, SessionsDiverged, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { SessionStoreKind } from "../project/DaemonConfig.ts"
import type { Migrated } from "../session/MigrateSessions.ts"

export type StoreToolError =
  | ConfigInvalid
  | DaemonAlreadyRunning
  | InvalidInput
  | SessionStoreFailed
  | StateFolderUnusable

export class SessionStoreTools extends Context.Service<SessionStoreTools, {
  /** Refuses while a daemon runs. */
  readonly migrate: (
    from: SessionStoreKind,
    to: SessionStoreKind
  ) => Effect.Effect<Migrated, StoreToolError | SequenceConflict | SessionsDiverged>
  /** What the configuration names. */
  readonly configured: Effect.Effect<SessionStoreKind, ConfigInvalid>
}>()("animus/cli/SessionStoreTools") {}
