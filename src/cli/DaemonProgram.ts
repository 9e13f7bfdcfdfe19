/** The daemon itself. Behind a service, so that the commands that only talk to it do not load it. */
import { Context, type Effect } from "effect"
import type {
  ConfigInvalid,
  DaemonAlreadyRunning,
  InvalidInput,
  SocketPathTooLong,
  StateFolderUnusable
} from "../../schemas/errors/DaemonErrors.ts"
import type { SequenceConflict, SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"

export type DaemonStartError =
  | ConfigInvalid
  | DaemonAlreadyRunning
  | InvalidInput
  | SequenceConflict
  | SessionStoreFailed
  | SocketPathTooLong
  | StateFolderUnusable

export class DaemonProgram extends Context.Service<DaemonProgram, {
  /** Returns when the daemon was asked to stop and has. */
  readonly run: Effect.Effect<void, DaemonStartError>
}>()("animus/cli/DaemonProgram") {}
