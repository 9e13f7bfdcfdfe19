/** The schema of every notification a plugin may send. Methods that are not here are the plugin's own, and free. */
import { Effect, type Exit, Schema } from "effect"
import { PluginLogRecord, StoredLogEvent } from "../../schemas/Log.ts"
import { ProgressParams } from "../../schemas/PluginLifecycle.ts"
import { AgentNotificationParams } from "../../schemas/Provider.ts"
import { decodeSubjectChanged } from "../../schemas/Subject.ts"
import { TriggerEventParams } from "../../schemas/Trigger.ts"

type Decode = (params: unknown) => Exit.Exit<unknown, Schema.SchemaError>

const by = (schema: Schema.Decoder<unknown>): Decode => Schema.decodeUnknownExit(schema)

export const notificationParams: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ...Object.entries(AgentNotificationParams).map(([method, schema]): [string, Decode] => [method, by(schema)]),
  ["subject/changed", (params) => Effect.runSyncExit(decodeSubjectChanged(params))],
  ["trigger/event", by(TriggerEventParams)],
  ["log_storage/event", by(StoredLogEvent)],
  ["log/entry", by(PluginLogRecord)],
  ["$/progress", by(ProgressParams)]
])
