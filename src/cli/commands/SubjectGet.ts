import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { subjectText } from "../render/SubjectText.ts"
import { kindOfId, subjectId, subjectOf } from "../SharedFlags.ts"

export const subjectGet = Command.make(
  "get",
  { id: subjectId, kind: kindOfId },
  ({ id, kind }) =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const subject = yield* control["subject/get"]({ id: subjectOf(id, kind) })
      yield* succeed(subject, subjectText(subject))
    })
).pipe(Command.withDescription("Show one subject"))
