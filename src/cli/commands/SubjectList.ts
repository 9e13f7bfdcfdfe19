import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { cursor, further } from "../Further.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { subjectTable } from "../render/SubjectText.ts"
import { kind, limit, status } from "../SharedFlags.ts"

export const subjectList = Command.make("list", {
  kind,
  status: status.pipe(Flag.optional, Flag.withDescription("Only these")),
  cursor,
  limit
}, ({ kind, status, ...paging }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const only = given({ status })
    const statuses = only.status === undefined ? {} : { status: [only.status] }
    const asked = given(paging)
    const page = yield* control["subject/list"]({ filter: { kind: [kind], ...statuses, ...asked } })
    yield* succeed(page, [
      ...subjectTable(page.subjects),
      ...further("animus subject list", { kind, ...only, ...asked }, page.next_cursor)
    ])
  })).pipe(Command.withDescription("List subjects of one kind"))
