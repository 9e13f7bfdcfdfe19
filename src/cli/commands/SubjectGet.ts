import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { subjectText } from "../render/SubjectText.ts"
import { subjectId } from "../SharedFlags.ts"

export const subjectGet = Command.make("get", { id: subjectId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const subject = yield* control["subject/get"]({ id })
    yield* succeed(subject, subjectText(subject))
  })).pipe(Command.withDescription("Show one subject"))
