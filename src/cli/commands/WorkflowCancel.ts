import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { Cancelled } from "../../../schemas/control/WorkflowRpcs.ts"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { confirm, runId } from "../SharedFlags.ts"
import { table } from "../Table.ts"

/** With what ends each of them: the provider takes all of its own along, and its other sessions. */
const remaining = (rows: NonNullable<Cancelled["runs_on"]>) => [
  ...table(["PID", "COMMAND", "OF"], rows.map(({ command, pid, plugin }) => [pid, command, plugin])),
  ...[...new Set(rows.map(({ plugin }) => plugin))].map((plugin) =>
    `end it, and the other sessions of ${plugin} with it: animus plugin restart ${plugin}`
  )
]

export const workflowCancel = Command.make("cancel", {
  id: runId,
  confirm,
  reason: Flag.String("reason").pipe(Flag.optional)
}, ({ confirm, id, reason }) =>
  Effect.gen(function*() {
    if (Option.getOrUndefined(confirm) !== id) {
      return yield* new InvalidInput({
        detail: `cancelling cannot be undone. If you mean it: animus workflow cancel ${id} --confirm ${id}`
      })
    }
    const control = yield* ControlClient
    const { runs_on } = yield* control["workflow/cancel"]({ id, ...given({ reason }) })
    yield* succeed(
      { id, ...given({ runs_on: Option.fromNullishOr(runs_on) }) },
      runs_on === undefined
        ? [`${id} is cancelled; nothing of it runs any more`]
        : [`${id} is cancelled, and of what its agents started this runs on:`, ...remaining(runs_on)]
    )
  })).pipe(Command.withDescription("End a run for good; what it runs is ended first"))
