import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { table } from "../Table.ts"

export const daemonAgents = Command.make("agents", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const answer = yield* control["daemon/agents"]({})
    const rows = answer.agents.map((one) => [
      one.session_id,
      one.provider,
      one.model,
      one.workflow_id,
      one.started_at
    ])
    yield* succeed(
      answer,
      rows.length === 0 ? ["no agent is at work"] : table(["SESSION", "PROVIDER", "MODEL", "RUN", "SINCE"], rows)
    )
  })).pipe(Command.withDescription("List the agents that are at work"))
