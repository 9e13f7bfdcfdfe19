/** Where the trigger plugins' places, known events and waiting work lie, one record a plugin. On the disk when `save` returns. */
import { Context, type Effect } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { TriggerRecord } from "./TriggerState.ts"

export class TriggerStore extends Context.Service<TriggerStore, {
  /** An empty one for a plugin that is new. */
  readonly load: (plugin: string) => Effect.Effect<TriggerRecord, SessionStoreFailed | StateFolderUnusable>
  readonly save: (plugin: string, record: TriggerRecord) => Effect.Effect<void, SessionStoreFailed>
}>()("animus/trigger/TriggerStore") {}
