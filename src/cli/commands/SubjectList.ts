import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { subjectTable } from "../render/SubjectText.ts"
import { kind, limit, status } from "../SharedFlags.ts"

export const subjectList = Command.make("list", {
  kind,
  status: status.pipe(Flag.optional, Flag.withDescription("Only these")),
  limit
}, ({ kind, limit, status }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const statuses = status._tag === "Some" ? { status: [status.value] } : {}
    const page = yield* control["subject/list"]({ filter: { kind: [kind], ...statuses, ...given({ limit }) } })
    yield* succeed(page, subjectTable(page.subjects))
  })).pipe(Command.withDescription("List subjects of one kind"))
