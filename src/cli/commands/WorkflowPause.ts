import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { runId } from "../SharedFlags.ts"

export const workflowPause = Command.make("pause", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["workflow/pause"]({ id })
    yield* succeed({ id }, [`${id} is paused. Go on with: animus workflow resume ${id}`])
  })).pipe(Command.withDescription("Pause a run after what it does now"))
