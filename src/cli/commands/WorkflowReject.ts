import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { gatePhase } from "../GatePhase.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { note, phase, runId } from "../SharedFlags.ts"

export const workflowReject = Command.make(
  "reject",
  { id: runId, phase, note },
  ({ id, note, phase: named }) =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const phase = yield* gatePhase("reject", id, named)
      yield* control["workflow/reject"]({ id, phase, ...given({ note }) })
      yield* succeed({ id, phase }, [`${id} has failed, as you decided. Its journal keeps why`])
    })
).pipe(Command.withDescription("Say no at an open gate; the run ends as failed"))
