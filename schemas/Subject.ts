/** Pieces of work as subject backends serve them (plugin protocol, subject backends). */
import { Effect, Option, Schema, SchemaTransformation } from "effect"
import { anyOf, Json, JsonMap, JsonObject, listOf, maybe, open, orElse, rows } from "./Json.ts"
import { RequestId } from "./JsonRpc.ts"

/** Where a subject stands (plugin protocol, subject types). */
export const SubjectStatus = Schema.Literals(["ready", "in-progress", "blocked", "done", "cancelled"])
export type SubjectStatus = typeof SubjectStatus.Type

/** By rank. */
export const priorityWords = ["none", "low", "medium", "high", "critical"] as const

/** 0 none, 1 low, 2 medium, 3 high, 4 critical (plugin protocol, subject types). */
export const Priority = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))
export type Priority = typeof Priority.Type

/** A file or link beside a subject (plugin protocol, subject types). */
export const Attachment = open({
  id: Schema.String,
  kind: Schema.String,
  uri: Schema.String,
  title: maybe(Schema.String),
  mime_type: maybe(Schema.String),
  metadata: maybe(Json)
})
export type Attachment = typeof Attachment.Type

/** One piece of work; empty lists and maps do not travel (plugin protocol, subject types). */
export const Subject = open({
  id: Schema.String,
  kind: Schema.String,
  title: Schema.String,
  description: maybe(Schema.String),
  status: SubjectStatus,
  priority: maybe(Priority),
  assignee: maybe(Schema.String),
  labels: listOf(Schema.String),
  parent: maybe(Schema.String),
  children: listOf(Schema.String),
  url: maybe(Schema.String),
  created_at: Schema.String,
  updated_at: Schema.String,
  custom: JsonMap,
  native_status: maybe(Schema.String),
  status_metadata: maybe(Json),
  attachments: listOf(Attachment)
})
export type Subject = typeof Subject.Type

/** What to list: all given keys must match, any value of a list does (plugin protocol, subject types). */
export const SubjectFilter = Schema.Struct({
  status: anyOf(SubjectStatus),
  kind: anyOf(Schema.String),
  assignee: anyOf(Schema.String),
  labels_any: anyOf(Schema.String),
  labels_all: anyOf(Schema.String),
  updated_since: maybe(Schema.String),
  cursor: maybe(Schema.String),
  limit: maybe(Schema.Natural),
  native_status: maybe(Schema.String),
  dispatch_label: maybe(Schema.String),
  has_attachment_kind: maybe(Schema.String)
})
export type SubjectFilter = typeof SubjectFilter.Type

/** One page of subjects; some backends leave `fetched_at` out (plugin protocol, subject types). */
export const SubjectList = Schema.Struct({
  subjects: rows(Subject),
  next_cursor: maybe(Schema.String),
  fetched_at: maybe(Schema.String)
})
export type SubjectList = typeof SubjectList.Type

/** What to change; `assignee` absent keeps, null clears; a null in `custom` deletes that key (plugin protocol, subject types). */
export const SubjectPatch = Schema.Struct({
  status: maybe(SubjectStatus),
  assignee: Schema.optionalKey(Schema.NullOr(Schema.String)),
  labels_add: maybe(Schema.Array(Schema.String)),
  labels_remove: maybe(Schema.Array(Schema.String)),
  comment: maybe(Schema.String),
  custom: maybe(JsonObject)
})
export type SubjectPatch = typeof SubjectPatch.Type

/** Params of `create` (plugin protocol, subject methods). */
export const CreateSubject = Schema.Struct({
  kind: Schema.String,
  title: Schema.String,
  body: maybe(Schema.String),
  status: maybe(SubjectStatus),
  priority: maybe(Priority),
  labels: maybe(Schema.Array(Schema.String)),
  assignee: maybe(Schema.String),
  custom: maybe(JsonObject)
})
export type CreateSubject = typeof CreateSubject.Type

/** How a backend's own status maps to ours (plugin protocol, subject types). */
export const StatusDispatchHint = Schema.Struct({
  native_status: Schema.String,
  maps_to: SubjectStatus,
  dispatch_label: maybe(Schema.String),
  description: maybe(Schema.String)
})
export type StatusDispatchHint = typeof StatusDispatchHint.Type

/** What a backend supports (plugin protocol, subject types). */
export const SubjectSchema = open({
  kinds: listOf(Schema.String),
  status_values: listOf(Schema.String),
  supports_watch: orElse(Schema.Boolean, false),
  supports_create: orElse(Schema.Boolean, false),
  supports_delete: orElse(Schema.Boolean, false),
  supports_pagination: orElse(Schema.Boolean, false),
  native_status_values: listOf(Schema.String),
  status_dispatch_hints: listOf(StatusDispatchHint),
  custom_fields: listOf(Schema.Struct({
    key: Schema.String,
    type: Schema.String,
    values: maybe(Schema.Array(Schema.String))
  }))
})
export type SubjectSchema = typeof SubjectSchema.Type

/** The changes this version knows; `change_kind` is open. */
export const knownChangeKinds = [
  "created",
  "updated",
  "status-changed",
  "deleted",
  "dispatch-label-changed",
  "attachment-added",
  "attachment-removed"
] as const

/** A subject changed; `id` is the subject's (plugin protocol, subject types). */
export const SubjectChangedEvent = open({
  id: Schema.String,
  change_kind: Schema.String,
  subject: Subject,
  previous_native_status: maybe(Schema.String),
  previous_dispatch_label: maybe(Schema.String)
})
export type SubjectChangedEvent = typeof SubjectChangedEvent.Type

const SubjectRefFlat = Schema.Struct({
  kind: Schema.String,
  id: Schema.String,
  title: maybe(Schema.String),
  description: maybe(Schema.String),
  labels: orElse(Schema.Array(Schema.String), []),
  metadata: orElse(JsonObject, {})
})

const SubjectRefLegacy = Schema.Union([
  Schema.Struct({ Task: Schema.Struct({ id: Schema.String }) }),
  Schema.Struct({ Requirement: Schema.Struct({ id: Schema.String }) }),
  Schema.Struct({ Custom: Schema.Struct({ title: Schema.String, description: orElse(Schema.String, "") }) })
])

type Flat = typeof SubjectRefFlat.Type
type Legacy = typeof SubjectRefLegacy.Type

const fromLegacy = (ref: Legacy): Flat => {
  const bare = { labels: [], metadata: {} }
  if ("Task" in ref) return { kind: "animus.task", id: ref.Task.id, ...bare }
  if ("Requirement" in ref) return { kind: "animus.requirement", id: ref.Requirement.id, ...bare }
  const { description, title } = ref.Custom
  return { kind: "custom", id: title, title, ...(description === "" ? {} : { description }), ...bare }
}

/** The legacy form, for what it can carry whole; anything else stays flat rather than lose a part. */
const toLegacy = (ref: Flat): Legacy | undefined => {
  if (ref.labels.length > 0 || Object.keys(ref.metadata).length > 0) return undefined
  if (ref.kind === "custom" && ref.title === ref.id) {
    return { Custom: { title: ref.id, description: ref.description ?? "" } }
  }
  if (ref.title !== undefined || ref.description !== undefined) return undefined
  if (ref.kind === "animus.task") return { Task: { id: ref.id } }
  if (ref.kind === "animus.requirement") return { Requirement: { id: ref.id } }
  return undefined
}

/** What a dispatch is about; read from the flat and the legacy tagged form (plugin protocol, subject types). */
export const SubjectRef = Schema.Union([SubjectRefLegacy, SubjectRefFlat]).pipe(
  Schema.decodeTo(
    Schema.toType(SubjectRefFlat),
    SchemaTransformation.transform({
      decode: (ref) => "kind" in ref ? ref : fromLegacy(ref),
      encode: (ref): Legacy | Flat => toLegacy(ref) ?? ref
    })
  )
)
export type SubjectRef = typeof SubjectRef.Type

/** What agent phases work with, whatever their definition says: an operator's word for one run. */
export const TargetOverride = Schema.Struct({ model: maybe(Schema.String), tool: maybe(Schema.String) })
export type TargetOverride = typeof TargetOverride.Type

/** Work on its way to a workflow: the one envelope all producers use (plugin protocol, subject types). */
export const SubjectDispatch = Schema.Struct({
  subject: SubjectRef,
  workflow_ref: Schema.String,
  input: maybe(Json),
  vars: orElse(Schema.Record(Schema.String, Schema.String), {}),
  /** Ours. */
  override: maybe(TargetOverride),
  priority: maybe(Priority),
  trigger_source: Schema.String,
  requested_at: Schema.String
})
export type SubjectDispatch = typeof SubjectDispatch.Type

const builtInKinds: ReadonlySet<string> = new Set(["animus.task", "animus.requirement", "custom"])

/** The key that makes two dispatches of one subject the same (plugin protocol, subject types). */
export const subjectKey = (ref: SubjectRef): string => builtInKinds.has(ref.kind) ? ref.id : `${ref.kind}::${ref.id}`

/** Params of `get` and `delete`. */
export const SubjectId = Schema.Struct({ id: Schema.String })
/** Params of `update`. */
export const UpdateSubject = Schema.Struct({ id: Schema.String, patch: SubjectPatch })
/** Params of `status`. */
export const SetSubjectStatus = Schema.Struct({ id: Schema.String, status: SubjectStatus })
/** Params of `watch`. */
export const WatchSubjects = Schema.Struct({ kind: maybe(Schema.String), filter: maybe(SubjectFilter) })

const fieldOf = (u: unknown, key: string): unknown =>
  typeof u === "object" && u !== null && Object.hasOwn(u, key) ? Reflect.get(u, key) : undefined

const decodeFilter = Schema.decodeUnknownEffect(SubjectFilter)
const decodeSubject = Schema.decodeUnknownEffect(Schema.NullOr(Subject))
const decodeChange = Schema.decodeUnknownEffect(
  Schema.Struct({ id: RequestId, data: SubjectChangedEvent })
)

/** Params of `list`: the filter's keys flat, or under `filter`, or nothing. We send them flat. */
export const decodeListParams = (params: unknown): Effect.Effect<SubjectFilter, Schema.SchemaError> =>
  decodeFilter(fieldOf(params, "filter") ?? params ?? {})

/** What `get`, `next`, `create`, `update` and `status` answer: the subject bare, or under `subject`, or null for none. */
export const decodeSubjectAnswer = (answer: unknown): Effect.Effect<Option.Option<Subject>, Schema.SchemaError> => {
  const wrapped = fieldOf(answer, "id") === undefined && typeof answer === "object" && answer !== null &&
    !Array.isArray(answer) && (Object.hasOwn(answer, "subject") || Object.keys(answer).length === 0)
  const subject = wrapped ? fieldOf(answer, "subject") : answer
  return Effect.map(decodeSubject(subject ?? null), Option.fromNullOr)
}

const withSubjectsId = (change: object) => ({ ...change, id: fieldOf(fieldOf(change, "subject"), "id") })

/** `subject/changed` as any backend words it: the event under `data`, or its keys beside the watch id. */
export const decodeSubjectChanged = (
  params: unknown
): Effect.Effect<{ readonly id: RequestId; readonly data: SubjectChangedEvent }, Schema.SchemaError> => {
  const id = fieldOf(params, "id")
  const data = fieldOf(params, "data")
  if (typeof params !== "object" || params === null) return decodeChange(params)
  if (typeof data === "object" && data !== null) return decodeChange({ id, data: { ...withSubjectsId(data), ...data } })
  return decodeChange({ id, data: withSubjectsId(params) })
}
