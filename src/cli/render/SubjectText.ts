/** Subjects, for people. */
import { priorityWords, type Subject } from "../../../schemas/Subject.ts"
import { sanitize } from "../Sanitize.ts"
import { fields, table } from "../Table.ts"

export const subjectTable = (subjects: ReadonlyArray<Subject>): ReadonlyArray<string> =>
  subjects.length === 0
    ? ["nothing here yet. File something with: animus subject create --title \"...\""]
    : table(
      ["ID", "STATUS", "PRIORITY", "TITLE"],
      subjects.map(({ id, priority, status, title }) => [id, status, priorityWords[priority ?? 0], title])
    )

export const subjectText = (subject: Subject): ReadonlyArray<string> => [
  ...fields([
    ["id", subject.id],
    ["title", subject.title],
    ["status", subject.status],
    ["priority", priorityWords[subject.priority ?? 0]],
    ["assignee", subject.assignee],
    ["labels", subject.labels.join(", ")],
    ["url", subject.url],
    ["updated", subject.updated_at]
  ]),
  ...subject.description === undefined ? [] : ["", sanitize(subject.description)]
]
