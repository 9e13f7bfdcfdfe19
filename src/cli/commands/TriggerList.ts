import { Effect } from "effect"
import { Command } from "effect/cli"
import { Workflows } from "../../workflow/Workflows.ts"
import { succeed } from "../Output.ts"
import { table } from "../Table.ts"

export const triggerList = Command.make("list", {}, () =>
  Effect.gen(function*() {
    const { triggers } = yield* (yield* Workflows).compile
    yield* succeed(
      { triggers },
      triggers.length === 0
        ? ["no triggers are defined in the workflow files"]
        : table(
          ["TRIGGER", "TYPE", "WORKFLOW", ""],
          triggers.map(({ enabled, id, type, workflow_ref }) => [id, type, workflow_ref, enabled ? "" : "disabled"])
        )
    )
  }).pipe(Effect.provide(Workflows.layer))).pipe(
    Command.withDescription("List the triggers that the workflow files define; no daemon is needed")
  )
