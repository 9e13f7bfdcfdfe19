import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { kind, priority } from "../SharedFlags.ts"

export const subjectCreate = Command.make("create", {
  kind,
  title: Flag.String("title").pipe(Flag.withDescription("One line")),
  body: Flag.String("body").pipe(Flag.optional, Flag.withDescription("What is wanted, in full")),
  priority: priority.pipe(Flag.optional),
  label: Flag.String("label").pipe(Flag.atLeast(0), Flag.withDescription("May be repeated")),
  assignee: Flag.String("assignee").pipe(Flag.optional)
}, ({ assignee, body, kind, label, priority, title }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const labels = Option.fromUndefinedOr(label.length === 0 ? undefined : label)
    const subject = yield* control["subject/create"]({ kind, title, ...given({ body, priority, assignee, labels }) })
    yield* succeed(subject, [`created ${subject.id}`, `work on it with: animus workflow run ${subject.id}`])
  })).pipe(Command.withDescription("File a new subject"))
