import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { runId } from "../SharedFlags.ts"

export const workflowResume = Command.make("resume", {
  id: runId,
  feedback: Flag.String("feedback").pipe(Flag.optional, Flag.withDescription("Told to the phase that is entered")),
  force: Flag.Boolean("force").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Run a blocked phase again although it may have partly executed")
  )
}, ({ feedback, force, id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["workflow/resume"]({ id, force, ...given({ feedback }) })
    yield* succeed({ id }, [`${id} goes on. Follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Let a paused, escalated or blocked run go on"))
