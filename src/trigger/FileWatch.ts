/**
 * Triggers of type file_watcher: work starts once the files that match were changed and have then been left alone for a while.
 * What was there when the daemon began to look starts nothing, nor does what changed while none ran. Outside the project's
 * active hours a change waits.
 */
import { Clock, DateTime, Effect, Layer, Option, Schema } from "effect"
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import { FileWatcherConfig } from "../../schemas/TriggerConfigs.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import { isActive } from "../workflow/ActiveHours.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { step, type Watched } from "./FileWatchState.ts"
import { dispatchFor } from "./TriggerRouting.ts"
import { TriggerTarget } from "./TriggerTarget.ts"
import { type NewestFile, WatchedFiles } from "./WatchedFiles.ts"

const POLL_MS = 2000
/** How long an edit of the workflow files may go unseen. */
const REFRESH_MS = 30_000

const decodeConfig = Schema.decodeUnknownOption(FileWatcherConfig)

const fire = Effect.fnUntraced(function*(trigger: TriggerDefinition, { changed, path }: NewestFile) {
  const target = yield* TriggerTarget
  const event = {
    event_id: `${trigger.id}:${changed}`,
    trigger_id: trigger.id,
    payload: { path, changed: DateTime.formatIso(DateTime.makeUnsafe(changed * 1000)) }
  }
  const at = DateTime.formatIso(yield* DateTime.now)
  yield* target.enqueue(dispatchFor(trigger, event, { plugin: "file-watcher", at }), 0)
  yield* publishDaemonEvent("file-watcher-event", { trigger_id: trigger.id, path })
})

const makeWatch = Effect.gen(function*() {
  const files = yield* WatchedFiles
  const watched = new Map<string, Watched>()

  /** A change is forgotten only once its work is queued. */
  return Effect.fnUntraced(function*(trigger: TriggerDefinition, active: boolean) {
    const config = decodeConfig(trigger.config)
    if (Option.isNone(config)) return
    const { debounce_secs, ignore, paths } = config.value
    const newest = yield* files.newest(paths, ignore)
    const now = yield* Clock.currentTimeMillis
    const { fires, next, waiting } = step(watched.get(trigger.id), newest, now, debounce_secs * 1000)
    if (fires === undefined || !active) {
      watched.set(trigger.id, waiting)
      return
    }
    yield* fire(trigger, fires)
    watched.set(trigger.id, next)
  })
})

interface Watching {
  /** When the workflow files were read. */
  readonly read: number
  readonly hours: string | undefined
  readonly triggers: ReadonlyArray<TriggerDefinition>
}

/** Begins as soon as it is built. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const workflows = yield* Workflows
  const watch = yield* makeWatch
  let project: Watching = { read: Number.NEGATIVE_INFINITY, hours: undefined, triggers: [] }

  const refresh = Effect.fnUntraced(function*(now: number) {
    if (now - project.read < REFRESH_MS) return
    const { activeHours, triggers } = yield* workflows.compile
    const own = triggers.filter(({ enabled, type }) => enabled && type === "file_watcher")
    project = { read: now, hours: activeHours, triggers: own }
  })
  const once = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    // A file that is being edited stops no watcher that was read before.
    yield* Effect.catch(refresh(now), ({ message }) => Effect.logDebug(`file watchers stay as they were: ${message}`))
    const active = isActive(project.hours, now)
    for (const trigger of project.triggers) {
      yield* Effect.catch(
        watch(trigger, active),
        ({ message }) => Effect.logError(`trigger ${trigger.id} waits until its work can be queued: ${message}`)
      )
    }
    yield* Effect.sleep(project.triggers.length === 0 ? REFRESH_MS : POLL_MS)
  })
  yield* Effect.forkScoped(Effect.forever(once))
}))
