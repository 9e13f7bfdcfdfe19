import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { runText } from "../render/RunText.ts"
import { runId } from "../SharedFlags.ts"

export const workflowGet = Command.make("get", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const run = yield* control["workflow/get"]({ id })
    yield* succeed(run, runText(run))
  })).pipe(Command.withDescription("Show one run: its phases, what it waits for, and what to type next"))
