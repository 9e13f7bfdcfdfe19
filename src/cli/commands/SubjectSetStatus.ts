import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { SubjectStatus } from "../../../schemas/Subject.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { subjectId } from "../SharedFlags.ts"

export const subjectSetStatus = Command.make("status", {
  id: subjectId,
  status: Argument.Literals("status", SubjectStatus.literals)
}, ({ id, status }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const subject = yield* control["subject/status"]({ id, status })
    yield* succeed(subject, [`${subject.id} is ${subject.status}`])
  })).pipe(Command.withDescription("Set where a subject stands"))
