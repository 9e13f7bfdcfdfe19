import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { subjectText } from "../render/SubjectText.ts"
import { kindOfId, status, subjectId, subjectOf } from "../SharedFlags.ts"

const nonEmpty = (values: ReadonlyArray<string>) => Option.fromUndefinedOr(values.length === 0 ? undefined : values)

export const subjectUpdate = Command.make("update", {
  id: subjectId,
  kind: kindOfId,
  status: status.pipe(Flag.optional),
  assignee: Flag.String("assignee").pipe(Flag.optional, Flag.withDescription("An empty string clears it")),
  addLabel: Flag.String("add-label").pipe(Flag.atLeast(0), Flag.withDescription("May be repeated")),
  removeLabel: Flag.String("remove-label").pipe(Flag.atLeast(0), Flag.withDescription("May be repeated")),
  comment: Flag.String("comment").pipe(Flag.optional)
}, ({ addLabel, assignee, comment, id, kind, removeLabel, status }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const subject = yield* control["subject/update"]({
      id: subjectOf(id, kind),
      patch: given({
        status,
        comment,
        assignee: Option.map(assignee, (name) => name === "" ? null : name),
        labels_add: nonEmpty(addLabel),
        labels_remove: nonEmpty(removeLabel)
      })
    })
    yield* succeed(subject, subjectText(subject))
  })).pipe(Command.withDescription("Change a subject"))
