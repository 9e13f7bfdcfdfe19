import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { gatePhase } from "../GatePhase.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { attempt, note, phase, runId } from "../SharedFlags.ts"
import type { Approval } from "./WorkflowApprove.ts"

export const to = Flag.String("to").pipe(
  Flag.optional,
  Flag.withDescription("Send the run back to this phase, which is told the note, instead of ending it")
)

interface Rejection extends Approval {
  readonly to: Option.Option<string>
}

export const reject = Effect.fnUntraced(function*({ attempt, id, note, phase: named, to }: Rejection) {
  const control = yield* ControlClient
  const phase = yield* gatePhase("reject", id, named)
  yield* control["workflow/reject"]({ id, phase, ...given({ attempt, note, to }) })
  yield* succeed({ id, phase, ...given({ to }) }, [
    Option.match(to, {
      onNone: () => `${id} has failed, as you decided. Its journal keeps why`,
      onSome: (back) => `${id} goes back to ${back}. Follow it with: animus workflow watch ${id}`
    })
  ])
})

export const workflowReject = Command.make("reject", { id: runId, phase, attempt, note, to }, reject).pipe(
  Command.withDescription("Say no at an open gate; the run ends as failed, or goes back to the phase you name")
)
