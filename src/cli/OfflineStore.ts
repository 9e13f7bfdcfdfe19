/** The session store as it lies on disk, for reading beside a daemon or without one. Opened only by the commands that need it. */
import { Context, type Effect, type Scope } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { SessionStore } from "../session/SessionStore.ts"

export class OfflineStore extends Context.Service<OfflineStore, {
  readonly store: Effect.Effect<SessionStore["Service"], StateFolderUnusable | SessionStoreFailed, Scope.Scope>
}>()("animus/cli/OfflineStore") {}
