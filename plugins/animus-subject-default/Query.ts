/** Which subjects a filter means, and which one is next: pure, over the whole backlog in the order of creation. */
import type { Subject, SubjectFilter } from "../../schemas/Subject.ts"
import type { Entry } from "./Model.ts"

const PAGE = 1000
const CURSOR = /^after-(\d+)$/

const meets = <A>(wanted: ReadonlyArray<A> | undefined, has: (value: A) => boolean): boolean =>
  wanted === undefined || wanted.some(has)

/** Everything but the page: all keys must match, any value of a list does. */
export const matches = (filter: SubjectFilter, subject: Subject): boolean =>
  meets(filter.status, (status) => subject.status === status) &&
  meets(filter.kind, (kind) => subject.kind === kind) &&
  meets(filter.assignee, (assignee) => subject.assignee === assignee) &&
  meets(filter.labels_any, (label) => subject.labels.includes(label)) &&
  (filter.labels_all ?? []).every((label) => subject.labels.includes(label)) &&
  (filter.updated_since === undefined || Date.parse(subject.updated_at) >= Date.parse(filter.updated_since)) &&
  (filter.native_status === undefined || subject.native_status === filter.native_status) &&
  // No status of ours has a dispatch label, so a filter that wants one means none of them.
  filter.dispatch_label === undefined &&
  meets(
    filter.has_attachment_kind === undefined ? undefined : [filter.has_attachment_kind],
    (kind) => subject.attachments.some((attachment) => attachment.kind === kind)
  )

/** What is wrong with a filter, in words, or undefined. */
export const problemOf = ({ cursor, updated_since }: SubjectFilter): string | undefined => {
  if (cursor !== undefined && !CURSOR.test(cursor)) {
    return `"${cursor}" is no cursor of this backend: list again without it`
  }
  if (updated_since !== undefined && Number.isNaN(Date.parse(updated_since))) {
    return `updated_since "${updated_since}" is no RFC 3339 time`
  }
  return undefined
}

/** A cursor names the last entry seen, so that a page is right whatever was added or deleted in between. */
export const page = (entries: ReadonlyArray<Entry>, filter: SubjectFilter) => {
  const after = Number(CURSOR.exec(filter.cursor ?? "")?.[1] ?? 0)
  const limit = Math.max(1, Math.min(filter.limit ?? PAGE, PAGE))
  const found = entries.filter((entry) => entry.number > after && matches(filter, entry.subject))
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    subjects: found.slice(0, limit).map((entry) => entry.subject),
    ...(last === undefined ? {} : { next_cursor: `after-${last.number}` })
  }
}

/** Highest priority first, then the oldest. */
export const nextReady = (entries: ReadonlyArray<Entry>, kind: string | undefined): Subject | undefined => {
  let best: Subject | undefined
  for (const { subject } of entries) {
    if (subject.status !== "ready" || (kind !== undefined && subject.kind !== kind)) continue
    if (best === undefined || (subject.priority ?? 0) > (best.priority ?? 0)) best = subject
  }
  return best
}
