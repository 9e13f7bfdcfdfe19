/** `workflow phase approve` and `reject`: the same words as `workflow approve` and `reject`, with flags instead of arguments. */
import { Command, Flag } from "effect/cli"
import { attempt, note } from "../SharedFlags.ts"
import { approve } from "./WorkflowApprove.ts"
import { reject, to } from "./WorkflowReject.ts"

const gate = {
  id: Flag.String("id").pipe(Flag.withDescription("The run's id, as workflow list shows it")),
  phase: Flag.String("phase").pipe(
    Flag.optional,
    Flag.withDescription("The phase whose gate is open; found by itself when left out")
  ),
  attempt,
  note
}

const phaseApprove = Command.make("approve", gate, approve).pipe(
  Command.withDescription("Say yes at an open gate; the run goes on")
)

const phaseReject = Command.make("reject", { ...gate, to }, reject).pipe(
  Command.withDescription("Say no at an open gate; the run ends as failed, or goes back to the phase you name")
)

export const workflowPhase = Command.make("phase").pipe(
  Command.withDescription("Decide at the gate of a phase"),
  Command.withSubcommands([phaseApprove, phaseReject])
)
