/** The backlog as data, and what each change makes of it: pure. */
import { Schema } from "effect"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import { type CreateSubject, Subject, type SubjectChangedEvent, type SubjectPatch } from "../../schemas/Subject.ts"

/** `number` counts all subjects ever made, so that it orders them and is never used twice. */
export const Entry = Schema.Struct({ number: Schema.Int, subject: Subject })
export type Entry = typeof Entry.Type

export const Backlog = Schema.Struct({
  version: Schema.Literal(1),
  /** How many subjects were ever made, in all and of each kind: an id is never given twice. */
  made: Schema.Int,
  made_by_kind: Schema.Record(Schema.String, Schema.Int),
  entries: Schema.Array(Entry)
})
export type Backlog = typeof Backlog.Type

export const emptyBacklog: Backlog = { version: 1, made: 0, made_by_kind: {}, entries: [] }

/** What one change did, besides the new backlog. */
export interface Change {
  readonly backlog: Backlog
  readonly event: SubjectChangedEvent
  /** As it was; a watch that meant it must hear that it changed. */
  readonly before: Subject | undefined
}

const prefixes: Readonly<Record<string, string>> = { task: "TASK", requirement: "REQ" }

export const kinds: ReadonlyArray<string> = Object.keys(prefixes)

export const find = (backlog: Backlog, id: string): Subject | undefined =>
  backlog.entries.find((entry) => entry.subject.id === id)?.subject

export const create = (backlog: Backlog, given: typeof CreateSubject.Type, now: string): Change => {
  const made = (backlog.made_by_kind[given.kind] ?? 0) + 1
  const { assignee, body, kind, priority, title } = given
  const subject: Subject = {
    id: `${kind}:${prefixes[kind] ?? kind.toUpperCase()}-${String(made).padStart(3, "0")}`,
    kind,
    title,
    ...(body === undefined ? {} : { description: body }),
    status: given.status ?? "ready",
    ...(priority === undefined ? {} : { priority }),
    ...(assignee === undefined ? {} : { assignee }),
    labels: [...new Set(given.labels)],
    children: [],
    created_at: now,
    updated_at: now,
    custom: given.custom ?? {},
    attachments: []
  }
  const number = backlog.made + 1
  return {
    backlog: {
      ...backlog,
      made: number,
      made_by_kind: { ...backlog.made_by_kind, [kind]: made },
      entries: [...backlog.entries, { number, subject }]
    },
    event: { id: subject.id, change_kind: "created", subject },
    before: undefined
  }
}

const patchCustom = (custom: JsonObject, patch: SubjectPatch, now: string): JsonObject => {
  const merged: Record<string, Json> = { ...custom }
  for (const [key, value] of Object.entries(patch.custom ?? {})) {
    if (value === null) delete merged[key]
    else merged[key] = value
  }
  if (patch.comment !== undefined) {
    const said = merged["comments"]
    merged["comments"] = [...(Array.isArray(said) ? said : []), { at: now, text: patch.comment }]
  }
  return merged
}

const patched = ({ assignee: current, ...subject }: Subject, patch: SubjectPatch, now: string): Subject => {
  const assignee = patch.assignee === undefined ? current : patch.assignee ?? undefined
  const kept = subject.labels.filter((label) => patch.labels_remove?.includes(label) !== true)
  return {
    ...subject,
    ...(assignee === undefined ? {} : { assignee }),
    status: patch.status ?? subject.status,
    labels: [...new Set([...kept, ...patch.labels_add ?? []])],
    custom: patchCustom(subject.custom, patch, now),
    updated_at: now
  }
}

export const update = (backlog: Backlog, before: Subject, patch: SubjectPatch, now: string): Change => {
  const subject = patched(before, patch, now)
  const entries = backlog.entries.map((entry) => entry.subject.id === before.id ? { ...entry, subject } : entry)
  const change_kind = subject.status === before.status ? "updated" : "status-changed"
  return { backlog: { ...backlog, entries }, event: { id: subject.id, change_kind, subject }, before }
}

export const remove = (backlog: Backlog, before: Subject): Change => ({
  backlog: { ...backlog, entries: backlog.entries.filter((entry) => entry.subject.id !== before.id) },
  event: { id: before.id, change_kind: "deleted", subject: before },
  before
})
