/** Subjects that live as long as the process, of the kinds it is given: the double for tests. */
import { DateTime, Effect, Layer, PubSub, Stream } from "effect"
import { InvalidInput } from "../schemas/errors/DaemonErrors.ts"
import { NoBackendForKind, PluginRefused } from "../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../schemas/JsonRpc.ts"
import type { CreateSubject, Subject, SubjectChangedEvent, SubjectFilter, SubjectPatch } from "../schemas/Subject.ts"
import { SubjectRouter } from "../src/subject/SubjectRouter.ts"

const plugin = "memory"
const pending = 256

const oneOf = (wanted: ReadonlyArray<string> | undefined, value: string | undefined) =>
  wanted === undefined || wanted.length === 0 || (value !== undefined && wanted.includes(value))

const takes = (filter: SubjectFilter, subject: Subject): boolean => {
  const any = filter.labels_any ?? []
  return oneOf(filter.kind, subject.kind) && oneOf(filter.status, subject.status) &&
    oneOf(filter.assignee, subject.assignee) &&
    (any.length === 0 || any.some((label) => subject.labels.includes(label))) &&
    (filter.labels_all ?? []).every((label) => subject.labels.includes(label))
}

const patched = (subject: Subject, patch: SubjectPatch, at: string): Subject => {
  const { assignee: before, ...rest } = subject
  const assignee = patch.assignee === undefined ? before : patch.assignee ?? undefined
  const custom = Object.entries({ ...subject.custom, ...patch.custom }).filter(([, value]) => value !== null)
  const labels = [...new Set([...subject.labels, ...patch.labels_add ?? []])]
  return {
    ...rest,
    ...(assignee === undefined ? {} : { assignee }),
    status: patch.status ?? subject.status,
    labels: labels.filter((label) => patch.labels_remove?.includes(label) !== true),
    custom: Object.fromEntries(custom),
    updated_at: at
  }
}

const make = Effect.fnUntraced(function*(kinds: ReadonlyArray<string>, initial: ReadonlyArray<Subject>) {
  const subjects = new Map(initial.map((subject) => [subject.id, subject]))
  const changes = yield* PubSub.sliding<SubjectChangedEvent>(pending)
  const now = Effect.map(DateTime.now, DateTime.formatIso)
  let minted = subjects.size

  const served = (kind: string) =>
    kinds.includes(kind) ? Effect.void : Effect.fail(new NoBackendForKind({ kind, known: kinds }))
  const find = Effect.fnUntraced(function*(id: string) {
    const colon = id.indexOf(":")
    if (colon < 1) return yield* new InvalidInput({ detail: `"${id}" is not a subject id: write <kind>:<id>` })
    yield* served(id.slice(0, colon))
    const detail = `there is no subject ${id}`
    const data = { category: "not_found" }
    return subjects.get(id) ??
      (yield* new PluginRefused({ plugin, method: "get", code: ErrorCode.InvalidParams, detail, data }))
  })
  const keep = Effect.fnUntraced(function*(subject: Subject, change_kind: string) {
    subjects.set(subject.id, subject)
    yield* PubSub.publish(changes, { id: subject.id, change_kind, subject })
    return subject
  })
  const update = Effect.fnUntraced(function*(id: string, patch: SubjectPatch) {
    const subject = yield* find(id)
    return yield* keep(patched(subject, patch, yield* now), patch.status === undefined ? "updated" : "status-changed")
  })
  const all = (filter: SubjectFilter) => [...subjects.values()].filter((subject) => takes(filter, subject))

  return SubjectRouter.of({
    list: Effect.fnUntraced(function*(filter: SubjectFilter) {
      yield* Effect.forEach(filter.kind ?? [], served, { discard: true })
      return { subjects: all(filter).slice(0, filter.limit ?? Infinity) }
    }),
    get: find,
    create: Effect.fnUntraced(function*({ body, kind, status = "ready", ...given }: CreateSubject) {
      yield* served(kind)
      const at = yield* now
      const id = `${kind}:${kind.toUpperCase()}-${++minted}`
      const described = body === undefined ? {} : { description: body }
      const fresh = { labels: [], children: [], attachments: [], custom: {}, created_at: at, updated_at: at }
      return yield* keep({ ...fresh, ...given, ...described, id, kind, status }, "created")
    }),
    update,
    setStatus: (id, status) => update(id, { status }),
    next: Effect.fnUntraced(function*(kind: string) {
      yield* served(kind)
      return all({ kind: [kind], status: ["ready"] }).toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))[0]
    }),
    watch: Effect.fnUntraced(function*(kind: string, filter: SubjectFilter = {}) {
      yield* served(kind)
      const subscription = yield* PubSub.subscribe(changes)
      return Stream.filter(
        Stream.fromSubscription(subscription),
        ({ subject }) => takes({ ...filter, kind: [kind] }, subject)
      )
    }),
    table: Effect.succeed(kinds.map((kind) => ({ kind, plugin })))
  })
})

export const layer = (kinds: ReadonlyArray<string>, initial: ReadonlyArray<Subject> = []) =>
  Layer.effect(SubjectRouter, make(kinds, initial))
