/** Changes of subjects as one plugin tells them. The watch is registered before it is asked for, so that no change is missed. */
import { Effect, Option, Stream } from "effect"
import { decodeSubjectChanged, type SubjectChangedEvent, type SubjectFilter } from "../../schemas/Subject.ts"
import { PluginHost, type PluginNotification } from "../plugin/PluginHost.ts"
import { normalizeChange, type Prefixing } from "./SubjectIds.ts"

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/** By the id of the watch; plugins that put the subject's id in its place are told apart by kind. */
const belongs = ({ method, params }: PluginNotification, kind: string, watch: number | undefined): boolean => {
  if (method !== "subject/changed") return false
  const id = field(params, "id")
  if (watch !== undefined && String(id) === String(watch)) return true
  const subject = field(field(params, "data"), "subject") ?? field(params, "subject")
  const stray = watch === undefined || id === field(subject, "id")
  return stray && field(subject, "kind") === kind
}

const read = (prefixing: Prefixing) => ({ params }: PluginNotification) =>
  decodeSubjectChanged(params).pipe(
    Effect.map(({ data }) => Option.some(normalizeChange(data, prefixing))),
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(`a change of ${prefixing.kind} cannot be read and is left out: ${error.message}`),
        Option.none<SubjectChangedEvent>()
      )
    )
  )

export const watchKind = Effect.fnUntraced(
  function*(plugin: string, filter: SubjectFilter | undefined, prefixing: Prefixing) {
    const host = yield* PluginHost
    const { kind } = prefixing
    let watch: number | undefined
    const frames = yield* host.own(plugin, (frame) => belongs(frame, kind, watch))
    yield* host.call(plugin, `${kind}/watch`, { kind, ...(filter === undefined ? {} : { filter }) }, {
      timeout: 30_000,
      onId: (id) => {
        watch = id
      }
    })
    const unwatch = Effect.suspend(() =>
      watch === undefined ? Effect.void : host.notify(plugin, `${kind}/unwatch`, { watch_id: String(watch) })
    )
    // A plugin that is gone watches nothing any more.
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(unwatch, "5 seconds")))
    return frames.pipe(
      Stream.mapEffect((batch) => Effect.forEach(batch, read(prefixing))),
      Stream.flatMap((changes) => Stream.fromIterable(changes.flatMap(Option.toArray)))
    )
  }
)
