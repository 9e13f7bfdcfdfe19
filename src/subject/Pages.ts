/** One list over several kinds: they are paged one after the other, and the cursor says where in which. */
import { Effect } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { Subject, SubjectFilter, SubjectList } from "../../schemas/Subject.ts"

type ListKind<E> = (kind: string, filter: SubjectFilter) => Effect.Effect<SubjectList, E>

/** Kinds contain no `/`, so the first one ends the kind; what follows is the backend's own cursor, or nothing. */
const cursorAt = (kind: string, own = ""): string => `${kind}/${own}`

const position = Effect.fnUntraced(function*(kinds: ReadonlyArray<string>, cursor: string | undefined) {
  if (cursor === undefined) return { index: 0, own: undefined }
  const slash = cursor.indexOf("/")
  const index = kinds.indexOf(cursor.slice(0, slash))
  const own = cursor.slice(slash + 1)
  if (slash > 0 && index >= 0) return { index, own: own === "" ? undefined : own }
  return yield* new InvalidInput({ detail: `cursor "${cursor}" does not belong to this list: begin again without one` })
})

export const listKinds = Effect.fnUntraced(function*<E>(filter: SubjectFilter, listKind: ListKind<E>) {
  const { cursor, kind: given, ...rest } = filter
  const kinds = [...new Set(given)]
  let { index, own } = yield* position(kinds, cursor)
  const subjects: Array<Subject> = []
  let fetched: string | undefined
  for (; index < kinds.length; index++, own = undefined) {
    const kind = kinds[index] ?? ""
    const room = filter.limit === undefined ? undefined : filter.limit - subjects.length
    if (room !== undefined && room <= 0) return pageOf(subjects, fetched, cursorAt(kind, own))
    const page = yield* listKind(kind, {
      ...rest,
      kind: [kind],
      ...(room === undefined ? {} : { limit: room }),
      ...(own === undefined ? {} : { cursor: own })
    })
    subjects.push(...page.subjects)
    fetched = page.fetched_at ?? fetched
    // An empty cursor would begin anew: it is how some languages write that there is none.
    const next = page.next_cursor ?? ""
    if (next !== "") return pageOf(subjects, fetched, cursorAt(kind, next))
  }
  return pageOf(subjects, fetched, undefined)
})

const pageOf = (
  subjects: ReadonlyArray<Subject>,
  fetched: string | undefined,
  next: string | undefined
): SubjectList => ({
  subjects,
  ...(fetched === undefined ? {} : { fetched_at: fetched }),
  ...(next === undefined ? {} : { next_cursor: next })
})
