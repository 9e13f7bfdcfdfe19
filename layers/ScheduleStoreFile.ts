/** The schedules' records in `<scopeDir>/state/schedule-state.json`, replaced as a whole and synced. */
import { Effect, Layer, Schema } from "effect"
import * as Path from "node:path"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { ScheduleRecords } from "../schemas/Schedule.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { ScheduleStore } from "../src/schedule/ScheduleStore.ts"
import { makeFolder, readIfThere, replaceFile } from "./DurableFile.ts"

const Text = Schema.fromJsonString(ScheduleRecords)
const decode = Schema.decodeUnknownEffect(Text)
const encode = Schema.encodeSync(Text)

const damaged = (path: string) => ({ message }: Schema.SchemaError) =>
  new StateFolderUnusable({
    what: "record of schedules",
    path,
    detail: `it is damaged: ${message}`,
    fix: "Move it away and start the daemon again: schedules then begin to count anew"
  })

export const layer = Layer.effect(
  ScheduleStore,
  Effect.gen(function*() {
    const folder = Path.join((yield* ProjectScope).scopeDir, "state")
    const path = Path.join(folder, "schedule-state.json")
    return ScheduleStore.of({
      load: Effect.gen(function*() {
        const bytes = yield* readIfThere(path)
        return bytes === undefined ? {} : yield* Effect.mapError(decode(bytes.toString("utf8")), damaged(path))
      }),
      save: (records) => Effect.andThen(makeFolder(folder), replaceFile(path, encode(records)))
    })
  })
)
