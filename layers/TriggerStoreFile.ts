/**
 * The trigger plugins' records in `<scopeDir>/triggers/<plugin>.json`, each replaced as a whole and synced, so that it tells
 * one moment, also after a power cut.
 */
import { Effect, Layer, Schema } from "effect"
import * as Path from "node:path"
import { StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { emptyRecord, TriggerRecord } from "../src/trigger/TriggerState.ts"
import { TriggerStore } from "../src/trigger/TriggerStore.ts"
import { folderOnce, readIfThere, replaceFile, settleFolder } from "./DurableFile.ts"

const Text = Schema.fromJsonString(TriggerRecord)
const decode = Schema.decodeUnknownEffect(Text)
const encode = Schema.encodeSync(Text)

const damaged = (path: string) => ({ message }: Schema.SchemaError) =>
  new StateFolderUnusable({
    what: "trigger record",
    path,
    detail: `it is damaged: ${message}`,
    fix: "Move it away and start the daemon again: its plugin then begins anew, and may send events that were handled"
  })

export const layer = Layer.effect(
  TriggerStore,
  Effect.gen(function*() {
    const folder = Path.join((yield* ProjectScope).scopeDir, "triggers")
    const ready = folderOnce(folder)
    const pathOf = (plugin: string) => Path.join(folder, `${encodeURIComponent(plugin)}.json`)
    return TriggerStore.of({
      load: Effect.fnUntraced(function*(plugin: string) {
        const path = pathOf(plugin)
        // A record whose name another process did not make durable must not be worked with.
        yield* settleFolder(folder)
        const bytes = yield* readIfThere(path)
        if (bytes === undefined) return emptyRecord
        return yield* Effect.mapError(decode(bytes.toString("utf8")), damaged(path))
      }),
      save: (plugin, record) => Effect.andThen(ready, replaceFile(pathOf(plugin), encode(record)))
    })
  })
)
