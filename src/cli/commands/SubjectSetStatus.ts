import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { kindOfId, statusChoices, subjectId, subjectOf } from "../SharedFlags.ts"

export const subjectSetStatus = Command.make("status", {
  id: subjectId,
  kind: kindOfId,
  status: Argument.ChoiceWithValue("status", statusChoices)
}, ({ id, kind, status }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const subject = yield* control["subject/status"]({ id: subjectOf(id, kind), status })
    yield* succeed(subject, [`${subject.id} is ${subject.status}`])
  })).pipe(Command.withDescription("Set where a subject stands"))
