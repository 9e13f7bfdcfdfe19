/** Where it is remembered when schedules were last due. On the disk when `save` returns. */
import { Context, type Effect } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { ScheduleRecords } from "../../schemas/Schedule.ts"

export class ScheduleStore extends Context.Service<ScheduleStore, {
  readonly load: Effect.Effect<ScheduleRecords, SessionStoreFailed | StateFolderUnusable>
  readonly save: (records: ScheduleRecords) => Effect.Effect<void, SessionStoreFailed>
}>()("animus/schedule/ScheduleStore") {}
