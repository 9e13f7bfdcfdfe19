/** Changes of subjects as one plugin tells them. The watch is registered before it is asked for, so that no change is missed. */
import { Effect, Option, Result, Stream } from "effect"
import { decodeSubjectChanged, type SubjectChangedEvent, type SubjectFilter } from "../../schemas/Subject.ts"
import { PluginHost, type PluginNotification } from "../plugin/PluginHost.ts"
import type { Spellings } from "./Spellings.ts"
import type { Route } from "./SubjectCalls.ts"
import { normalizeChange, type Prefixing } from "./SubjectIds.ts"

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/** As every id of a watch is. */
const isNumeric = (id: unknown): boolean => /^\d+$/.test(String(id))

/** By the id of the watch; plugins that put the subject's id in its place are told apart by kind. */
const belongs = ({ method, params }: PluginNotification, kind: string, watch: number | undefined): boolean => {
  if (method !== "subject/changed") return false
  const id = field(params, "id")
  if (watch !== undefined && String(id) === String(watch)) return true
  const subject = field(field(params, "data"), "subject") ?? field(params, "subject")
  const stray = watch === undefined || id === field(subject, "id") || !isNumeric(id)
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
  function*(route: Route, filter: SubjectFilter | undefined, { call, spell }: Spellings) {
    const host = yield* PluginHost
    const { kind, plugin } = route
    let watch: number | undefined
    const frames = yield* host.own(plugin, (frame) => belongs(frame, kind, watch))
    yield* call(route, "watch", { kind, ...(filter === undefined ? {} : { filter }) }, {
      timeout: 30_000,
      onId: (id) => {
        watch = id
      }
    })
    const unwatch = Effect.suspend(() =>
      watch === undefined
        ? Effect.void
        : host.notify(plugin, spell(route, "unwatch", "watch"), { watch_id: String(watch) })
    )
    // A plugin that is gone watches nothing any more.
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(unwatch, "5 seconds")))
    return frames.pipe(
      Stream.mapEffect((batch) => Effect.forEach(batch, read(route))),
      Stream.flatMap((changes) => Stream.fromIterable(changes.flatMap(Option.toArray)))
    )
  }
)

/** Of several kinds at once; those that cannot be watched are left out, unless none is left. */
export const watchKinds = Effect.fnUntraced(
  function*(routes: ReadonlyArray<Route>, filter: SubjectFilter | undefined, spellings: Spellings) {
    const watched = yield* Effect.forEach(
      routes,
      (route) => Effect.result(watchKind(route, filter, spellings)),
      { concurrency: 4 }
    )
    const streams = watched.flatMap((one) => Result.isSuccess(one) ? [one.success] : [])
    const refused = watched.find((one) => Result.isFailure(one) && one.failure._tag !== "MethodNotSupported")
    const failed = refused ?? (streams.length === 0 ? watched[0] : undefined)
    if (failed !== undefined && Result.isFailure(failed)) return yield* Effect.fail(failed.failure)
    if (streams.length === 0) return Stream.never
    return Stream.mergeAll(streams, { concurrency: "unbounded" })
  }
)
