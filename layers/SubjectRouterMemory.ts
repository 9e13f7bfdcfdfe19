/** Subjects that live as long as the process, of the kinds it is given: the double for tests. */
import { DateTime, Effect, Layer, PubSub, Stream } from "effect"
import { InvalidInput } from "../schemas/errors/DaemonErrors.ts"
import { NoBackendForKind, SubjectNotFound } from "../schemas/errors/PluginErrors.ts"
import type { CreateSubject, Subject, SubjectChangedEvent, SubjectFilter, SubjectPatch } from "../schemas/Subject.ts"
import { listKinds } from "../src/subject/Pages.ts"
import { kindOfId } from "../src/subject/SubjectIds.ts"
import { SubjectRouter } from "../src/subject/SubjectRouter.ts"

const plugin = "memory"
const pending = 256

const meets = <A>(wanted: ReadonlyArray<A> | undefined, has: (value: A) => boolean): boolean =>
  wanted === undefined || wanted.some(has)

const takes = (filter: SubjectFilter, subject: Subject): boolean =>
  meets(filter.kind, (kind) => subject.kind === kind) &&
  meets(filter.status, (status) => subject.status === status) &&
  meets(filter.assignee, (assignee) => subject.assignee === assignee) &&
  meets(filter.labels_any, (label) => subject.labels.includes(label)) &&
  (filter.labels_all ?? []).every((label) => subject.labels.includes(label)) &&
  (filter.updated_since === undefined || Date.parse(subject.updated_at) >= Date.parse(filter.updated_since)) &&
  (filter.native_status === undefined || subject.native_status === filter.native_status) &&
  (filter.has_attachment_kind === undefined ||
    subject.attachments.some(({ kind }) => kind === filter.has_attachment_kind)) &&
  // No status here has a dispatch label.
  filter.dispatch_label === undefined

/** The cursor is the id of the last subject of the page. */
const page = (found: ReadonlyArray<Subject>, { cursor, limit = found.length }: SubjectFilter) => {
  const rest = cursor === undefined ? found : found.slice(found.findIndex(({ id }) => id === cursor) + 1)
  const subjects = rest.slice(0, limit)
  const last = subjects.at(-1)
  return { subjects, ...(last === undefined || subjects.length === rest.length ? {} : { next_cursor: last.id }) }
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

/** What there is, and the words for what there is not. */
const makeShelf = (kinds: ReadonlyArray<string>, initial: ReadonlyArray<Subject>) => {
  const subjects = new Map(initial.map((subject) => [subject.id, subject]))
  let minted = 0
  const mint = (kind: string): string => {
    const id = `${kind}:${kind.toUpperCase()}-${++minted}`
    return subjects.has(id) ? mint(kind) : id
  }
  const served = (kind: string) =>
    kinds.includes(kind) ? Effect.void : Effect.fail(new NoBackendForKind({ kind, known: kinds }))
  const find = Effect.fnUntraced(function*(id: string) {
    const kind = kindOfId(id)
    if (kind === undefined) return yield* new InvalidInput({ detail: `"${id}" is not a subject id: write <kind>:<id>` })
    yield* served(kind)
    return subjects.get(id) ?? (yield* new SubjectNotFound({ id, kind, plugin }))
  })
  const put = (subject: Subject) => void subjects.set(subject.id, subject)
  const drop = (id: string) => void subjects.delete(id)
  const all = (filter: SubjectFilter) => [...subjects.values()].filter((subject) => takes(filter, subject))
  return { mint, served, find, put, drop, all }
}

const make = Effect.fnUntraced(function*(kinds: ReadonlyArray<string>, initial: ReadonlyArray<Subject>) {
  const { all, drop, find, mint, put, served } = makeShelf(kinds, initial)
  const changes = yield* PubSub.sliding<SubjectChangedEvent>(pending)
  const now = Effect.map(DateTime.now, DateTime.formatIso)

  const keep = Effect.fnUntraced(function*(subject: Subject, change_kind: string) {
    put(subject)
    yield* PubSub.publish(changes, { id: subject.id, change_kind, subject })
    return subject
  })
  const update = Effect.fnUntraced(function*(id: string, patch: SubjectPatch) {
    const subject = yield* find(id)
    return yield* keep(patched(subject, patch, yield* now), patch.status === undefined ? "updated" : "status-changed")
  })

  return SubjectRouter.of({
    list: Effect.fnUntraced(function*(filter: SubjectFilter) {
      if ((filter.kind ?? []).length === 0) return yield* new InvalidInput({ detail: "a list names at least one kind" })
      return yield* listKinds(filter, (kind, one) => Effect.as(served(kind), page(all(one), one)))
    }),
    get: find,
    create: Effect.fnUntraced(function*({ body, kind, status = "ready", ...given }: CreateSubject) {
      yield* served(kind)
      const at = yield* now
      const id = mint(kind)
      const described = body === undefined ? {} : { description: body }
      const fresh = { labels: [], children: [], attachments: [], custom: {}, created_at: at, updated_at: at }
      return yield* keep({ ...fresh, ...given, ...described, id, kind, status }, "created")
    }),
    update,
    setStatus: (id, status) => update(id, { status }),
    remove: Effect.fnUntraced(function*(id: string) {
      const subject = yield* find(id)
      drop(id)
      yield* PubSub.publish(changes, { id, change_kind: "deleted", subject })
    }),
    next: Effect.fnUntraced(function*(kind: string) {
      yield* served(kind)
      return all({ kind: [kind], status: ["ready"] }).toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))[0]
    }),
    watch: Effect.fnUntraced(function*(wanted: ReadonlyArray<string>, filter: SubjectFilter = {}) {
      yield* Effect.forEach(wanted, served)
      const subscription = yield* PubSub.subscribe(changes)
      return Stream.filter(
        Stream.fromSubscription(subscription),
        ({ subject }) => takes({ ...filter, kind: wanted.length === 0 ? kinds : wanted }, subject)
      )
    }),
    backendOf: (kind) => Effect.succeed(kinds.includes(kind) ? plugin : undefined)
  })
})

export const layer = (kinds: ReadonlyArray<string>, initial: ReadonlyArray<Subject> = []) =>
  Layer.effect(SubjectRouter, make(kinds, initial))
