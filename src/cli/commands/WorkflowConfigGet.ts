import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { Workflows } from "../../workflow/Workflows.ts"
import { succeed } from "../Output.ts"
import { escapeJson } from "../Sanitize.ts"

export const configGet = Command.make("get", {
  workflow: Argument.String("workflow").pipe(Argument.optional)
}, ({ workflow }) =>
  Effect.gen(function*() {
    const workflows = yield* Workflows
    const definition = yield* workflows.find(Option.getOrUndefined(workflow))
    yield* succeed(definition, [escapeJson(JSON.stringify(definition, null, 2))])
  }).pipe(Effect.provide(Workflows.layer))).pipe(
    Command.withDescription("Show a workflow as a run would pin it: agents resolved, defaults filled in")
  )
