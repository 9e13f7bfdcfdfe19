import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { Json } from "../../../schemas/Json.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { runId, vars } from "../SharedFlags.ts"

export const workflowFork = Command.make("fork", {
  id: runId,
  from: Flag.String("from").pipe(
    Flag.optional,
    Flag.withDescription("The phase it begins with, on the results of those before it; the first when left out")
  ),
  input: Flag.String("input-json").pipe(
    Flag.withSchema(Schema.fromJsonString(Json)),
    Flag.optional,
    Flag.withDescription("Other input than the run had")
  ),
  vars
}, ({ id, vars, ...changes }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const begun = yield* control["workflow/fork"]({
      id,
      vars: Option.getOrElse(vars, () => ({})),
      ...given(changes)
    })
    yield* succeed(begun, [
      `started run ${begun.workflow_id}, forked from ${id}`,
      `follow it with: animus workflow watch ${begun.workflow_id}`
    ])
  })).pipe(Command.withDescription("Start another run of the same pinned definition, with other input"))
