import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { note, runId } from "../SharedFlags.ts"

export const workflowRetry = Command.make("retry", {
  id: runId,
  from: Flag.String("from").pipe(
    Flag.optional,
    Flag.withDescription("Which phase; the one it stopped in when left out")
  ),
  note
}, ({ id, ...options }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["workflow/retry"]({ id, ...given(options) })
    yield* succeed({ id }, [`${id} goes on. Follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Take a failed, escalated or blocked run into a phase again"))
