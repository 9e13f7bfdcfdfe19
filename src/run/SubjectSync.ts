/** Keeps the subject's status in step with its run. Best effort within a deadline: a run never fails because of it. */
import { DateTime, Effect } from "effect"
import { RequestTimedOut } from "../../schemas/errors/PluginErrors.ts"
import type { SubjectDispatch, SubjectStatus } from "../../schemas/Subject.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import { onceMore } from "../subject/OnceMore.ts"
import { kindOfId } from "../subject/SubjectIds.ts"
import { type SubjectError, SubjectRouter } from "../subject/SubjectRouter.ts"

const STATUS_MILLIS = 10_000
/** How long a backend may take to tell what a run is about. */
const START_MILLIS = 30_000

/** The plugin that claims the kind which the id begins with. */
const backendOf = Effect.fnUntraced(function*(id: string) {
  const kind = kindOfId(id)
  const router = yield* SubjectRouter
  return kind === undefined ? undefined : yield* router.backendOf(kind)
})

interface Ask {
  readonly plugin: string
  readonly method: string
  readonly millis: number
}

/** Whoever is late is named, unless something better is known. */
const within = <A, E, R>(asked: Effect.Effect<A, E, R>, ask: Ask, known: () => E | undefined = () => undefined) =>
  Effect.timeoutOrElse(asked, {
    duration: ask.millis,
    orElse: () => Effect.fail<E | RequestTimedOut>(known() ?? new RequestTimedOut(ask))
  })

/** The subject as its backend has it now; undefined when no backend claims its kind. */
export const readSubject = Effect.fnUntraced(function*({ subject: { id } }: SubjectDispatch) {
  const plugin = yield* backendOf(id)
  if (plugin === undefined) return undefined
  const router = yield* SubjectRouter
  let lost: SubjectError | undefined
  const asked = Effect.tapError(router.get(id), (error) => Effect.sync(() => void (lost = error)))
  return yield* within(onceMore(asked), { plugin, method: `${kindOfId(id)}/get`, millis: START_MILLIS }, () => lost)
})

/** A run that is given up gives back only what it took: a status that somebody set meanwhile is left alone. */
const change = Effect.fnUntraced(function*(id: string, status: SubjectStatus) {
  const router = yield* SubjectRouter
  if (status === "ready" && (yield* onceMore(router.get(id))).status !== "in-progress") return false
  yield* onceMore(router.setStatus(id, status))
  return true
})

/** `before`: what this daemon told it last. */
export const tellSubject = Effect.fnUntraced(
  function*({ subject: { id } }: SubjectDispatch, status: SubjectStatus, before: SubjectStatus | undefined) {
    const plugin = yield* backendOf(id)
    if (plugin === undefined) return
    yield* within(told(id, status, before), { plugin, method: `${kindOfId(id)}/status`, millis: STATUS_MILLIS })
  },
  (effect, { subject: { id } }, status) =>
    Effect.catch(effect, ({ message }) => Effect.logWarning(`subject ${id} could not be set to ${status}: ${message}`))
)

const told = Effect.fnUntraced(function*(id: string, status: SubjectStatus, before: SubjectStatus | undefined) {
  if (!(yield* change(id, status))) return
  const changed_at = DateTime.formatIso(yield* DateTime.now)
  yield* publishDaemonEvent("task-state-change", {
    task_id: id,
    from_status: before ?? null,
    to_status: status,
    changed_at
  })
})
