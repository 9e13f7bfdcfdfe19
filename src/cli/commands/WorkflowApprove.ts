import { Effect, type Option } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { gatePhase } from "../GatePhase.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { attempt, note, phase, runId } from "../SharedFlags.ts"

export interface Approval {
  readonly id: string
  readonly phase: Option.Option<string>
  readonly attempt: Option.Option<number>
  readonly note: Option.Option<string>
}

export const approve = Effect.fnUntraced(function*({ attempt, id, note, phase: named }: Approval) {
  const control = yield* ControlClient
  const phase = yield* gatePhase("approve", id, named)
  yield* control["workflow/approve"]({ id, phase, ...given({ attempt, note }) })
  yield* succeed({ id, phase }, [`${id} goes on. Follow it with: animus workflow watch ${id}`])
})

export const workflowApprove = Command.make("approve", { id: runId, phase, attempt, note }, approve).pipe(
  Command.withDescription("Say yes at an open gate; the run goes on")
)
