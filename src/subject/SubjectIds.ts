/** Ids of subjects as the rest of the program sees them, `<kind>:<native>`, however bare a plugin words its own. */
import type { Subject, SubjectChangedEvent } from "../../schemas/Subject.ts"

/** The text before the first `:`; undefined when there is none. */
export const kindOfId = (id: string): string | undefined => {
  const colon = id.indexOf(":")
  return colon > 0 && colon < id.length - 1 ? id.slice(0, colon) : undefined
}

/** `routed` says whether a prefix leads back to the plugin that gave the id. */
export interface Prefixing {
  readonly kind: string
  readonly routed: (kind: string) => boolean
}

const prefixed = (id: string, { kind, routed }: Prefixing): string => {
  const prefix = kindOfId(id)
  return prefix !== undefined && routed(prefix) ? id : `${kind}:${id}`
}

export const normalizeSubject = (subject: Subject, { kind, routed }: Prefixing): Subject => {
  const own = { kind: routed(subject.kind) ? subject.kind : kind, routed }
  return {
    ...subject,
    id: prefixed(subject.id, own),
    children: subject.children.map((id) => prefixed(id, own)),
    ...(subject.parent === undefined ? {} : { parent: prefixed(subject.parent, own) })
  }
}

export const normalizeChange = (change: SubjectChangedEvent, prefixing: Prefixing): SubjectChangedEvent => {
  const subject = normalizeSubject(change.subject, prefixing)
  return { ...change, id: subject.id, subject }
}
