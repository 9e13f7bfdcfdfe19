/**
 * A part that serves subjects. Hosts spell the same method three ways (`subject/get`, `task/get`, `animus.task/get`) and the
 * params of `list` two ways: all of them end in the same function here.
 */
import { Effect, Option, Schema, type Scope } from "effect"
import { Empty, type Json } from "../../schemas/Json.ts"
import type { RequestId } from "../../schemas/JsonRpc.ts"
import {
  CreateSubject,
  decodeListParams,
  SetSubjectStatus,
  Subject,
  SubjectChangedEvent,
  type SubjectFilter,
  SubjectId,
  SubjectList,
  SubjectSchema,
  UpdateSubject,
  WatchSubjects
} from "../../schemas/Subject.ts"
import { type Follow, type Following, makeFollowing } from "./Following.ts"
import { answer, params } from "./Params.ts"
import type { Host, Method, Methods, Part } from "./Part.ts"
import { notSupported, PluginFailure } from "./PluginFailure.ts"

type Answer<A> = Effect.Effect<A, PluginFailure>

/** Ids are `<kind>:<native>`; a bare id that came by a kind's own method is completed. */
export interface SubjectBackend {
  readonly schema: SubjectSchema
  readonly list: (filter: SubjectFilter) => Answer<SubjectList>
  readonly get: (id: string) => Answer<Option.Option<Subject>>
  readonly create?: (given: typeof CreateSubject.Type) => Answer<Subject>
  readonly update?: (given: typeof UpdateSubject.Type) => Answer<Subject>
  /** The one to work on next, of this kind or of any. */
  readonly next?: (kind: string | undefined) => Answer<Option.Option<Subject>>
  readonly status?: (given: typeof SetSubjectStatus.Type) => Answer<Subject>
  readonly delete?: (id: string) => Answer<void>
  /** Subscribed when it returns: every later change is in the stream. */
  readonly watch?: (filter: SubjectFilter) => Follow<SubjectChangedEvent>
  readonly health?: NonNullable<Methods["health"]>
}

const optionalVerbs = ["create", "update", "next", "status", "delete", "watch"] as const

export interface SubjectBackendOptions {
  /** Without a prefix: `task`, not `animus.task`. */
  readonly kinds: ReadonlyArray<string>
  /** Verbs beside list, get and schema; the backend must have each of them. */
  readonly supports: ReadonlyArray<(typeof optionalVerbs)[number]>
  readonly open: (host: Host) => Effect.Effect<SubjectBackend, PluginFailure, Scope.Scope>
}

const KindOnly = Schema.Struct({ kind: Schema.optionalKey(Schema.NullOr(Schema.String)) })
const ChangedParams = Schema.Struct({ id: Schema.Union([Schema.String, Schema.Finite]), data: SubjectChangedEvent })

const read = {
  create: params(CreateSubject),
  id: params(SubjectId),
  kind: params(KindOnly),
  status: params(SetSubjectStatus),
  unwatch: params(Schema.Struct({ watch_id: Schema.String })),
  update: params(UpdateSubject),
  watch: params(WatchSubjects)
}

const write = {
  changed: answer(ChangedParams),
  empty: answer(Empty),
  list: answer(SubjectList),
  schema: answer(SubjectSchema),
  subject: answer(Subject)
}

const missing = (id: string) => new PluginFailure({ category: "not_found", message: `no subject ${id}` })

const readFilter = (given: unknown): Answer<SubjectFilter> =>
  Effect.mapError(
    decodeListParams(given),
    (error) => new PluginFailure({ category: "invalid_request", message: `invalid filter: ${error.message}` })
  )

/** `animus.task` is the same kind as `task`. */
const plainKind = (kind: string): string => kind.startsWith("animus.") ? kind.slice("animus.".length) : kind

const withKind = (filter: SubjectFilter, kind: string | undefined): SubjectFilter =>
  kind !== undefined
    ? { ...filter, kind: [kind] }
    : filter.kind === undefined
    ? filter
    : { ...filter, kind: filter.kind.map(plainKind) }

const fullId = (id: string, kind: string | undefined): string =>
  id.includes(":") ? plainKind(id) : kind === undefined ? id : `${kind}:${id}`

const subject = (found: Subject): Effect.Effect<Json> => write.subject(found)
const optional = (found: Option.Option<Subject>): Effect.Effect<Json> =>
  Option.isSome(found) ? write.subject(found.value) : Effect.succeed(null)

const watch = (
  backend: SubjectBackend,
  following: Following,
  notify: Host["notify"],
  filter: SubjectFilter,
  id: RequestId
) =>
  backend.watch === undefined ? Effect.fail(notSupported("watch")) : following.start(
    String(id),
    backend.watch(filter),
    (change) => Effect.flatMap(write.changed({ id, data: change }), (params) => notify("subject/changed", params)),
    (error) => Effect.logError(`watch ${id} ended: ${error.message}`)
  ).pipe(Effect.as({ watching: true }))

/** The methods of one spelling; `kind` is the one that the spelling names. */
const verbs = (
  backend: SubjectBackend,
  following: Following,
  notify: Host["notify"],
  kind: string | undefined
): Readonly<Record<string, Method>> => {
  const on = <A extends { readonly id: string }, B, E>(
    verb: ((given: A) => Effect.Effect<B, E>) | undefined,
    name: string
  ) =>
  (given: A): Effect.Effect<B, E | PluginFailure> =>
    verb === undefined ? Effect.fail(notSupported(name)) : verb({ ...given, id: fullId(given.id, kind) })

  return {
    list: (given) =>
      Effect.flatMap(readFilter(given), (filter) => backend.list(withKind(filter, kind))).pipe(
        Effect.flatMap(write.list)
      ),
    get: (given) =>
      read.id(given).pipe(
        Effect.flatMap(on(({ id }) =>
          Effect.flatMap(
            backend.get(id),
            Option.match({ onNone: () => Effect.fail(missing(id)), onSome: subject })
          ), "get"))
      ),
    create: (given) =>
      Effect.flatMap(
        read.create(kind === undefined ? given : Object.assign({}, given, { kind })),
        (wanted) => backend.create?.({ ...wanted, kind: plainKind(wanted.kind) }) ?? Effect.fail(notSupported("create"))
      ).pipe(
        Effect.flatMap(subject)
      ),
    update: (given) => read.update(given).pipe(Effect.flatMap(on(backend.update, "update")), Effect.flatMap(subject)),
    status: (given) => read.status(given).pipe(Effect.flatMap(on(backend.status, "status")), Effect.flatMap(subject)),
    delete: (given) =>
      read.id(given).pipe(
        Effect.flatMap(on(({ id }) => backend.delete?.(id) ?? Effect.fail(notSupported("delete")), "delete")),
        Effect.as({ ok: true })
      ),
    next: (given) =>
      Effect.flatMap(read.kind(given), (asked) => {
        const wanted = kind ?? (typeof asked.kind === "string" ? plainKind(asked.kind) : undefined)
        return backend.next?.(wanted) ?? Effect.fail(notSupported("next"))
      }).pipe(Effect.flatMap(optional)),
    schema: () => write.schema(backend.schema),
    watch: (given, id) =>
      Effect.flatMap(
        read.watch(given),
        (asked) =>
          watch(
            backend,
            following,
            notify,
            withKind(asked.filter ?? {}, kind ?? (asked.kind === undefined ? undefined : plainKind(asked.kind))),
            id
          )
      )
  }
}

export const subjectBackend = ({ kinds, open, supports }: SubjectBackendOptions): Part => {
  const served = ["list", "get", "schema", ...supports]
  const prefixes = [undefined, ...kinds, ...kinds.map((kind) => `animus.${kind}`)]
  const spelled = (verb: string) => prefixes.map((prefix) => `${prefix ?? "subject"}/${verb}`)
  return {
    capabilities: [
      ...kinds.map((kind) => `subject_kind:${kind}`),
      ...served.map((verb) => `subject/${verb}`)
    ],
    kinds,
    streaming: supports.includes("watch"),
    declines: optionalVerbs.filter((verb) => !supports.includes(verb)).flatMap(spelled),
    open: Effect.fnUntraced(function*(host) {
      const backend = yield* open(host)
      const following = yield* makeFollowing
      const requests: Record<string, Method> = {}
      for (const prefix of prefixes) {
        const table = verbs(backend, following, host.notify, prefix === undefined ? undefined : plainKind(prefix))
        for (const verb of served) {
          const method = table[verb]
          if (method !== undefined) requests[`${prefix ?? "subject"}/${verb}`] = method
        }
      }
      const unwatch = (given: unknown) =>
        read.unwatch(given).pipe(
          Effect.flatMap(({ watch_id }) => following.stop(watch_id)),
          Effect.catch((error) => Effect.logWarning(error.message))
        )
      const notifications = Object.fromEntries(spelled("unwatch").map((name) => [name, unwatch]))
      return { requests, notifications, ...(backend.health === undefined ? {} : { health: backend.health }) }
    })
  }
}
