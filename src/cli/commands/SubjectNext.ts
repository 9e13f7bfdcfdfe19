import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { subjectText } from "../render/SubjectText.ts"
import { kind } from "../SharedFlags.ts"

export const subjectNext = Command.make("next", { kind }, ({ kind }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const answer = yield* control["subject/next"]({ kind })
    yield* succeed(answer, answer.subject === undefined ? [`no ${kind} is ready`] : subjectText(answer.subject))
  })).pipe(Command.withDescription("Show the subject that is next in line"))
