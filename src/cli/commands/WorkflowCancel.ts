import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { Cancelled } from "../../../schemas/control/Cancelled.ts"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkFlags, runIds, sayToMany } from "../BulkRuns.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { confirm } from "../SharedFlags.ts"
import { table } from "../Table.ts"

/** With what ends each of them: the provider takes all of its own along, and its other sessions. */
const remaining = (rows: NonNullable<Cancelled["runs_on"]>) => [
  ...table(["PID", "COMMAND", "OF"], rows.map(({ command, pid, plugin }) => [pid, command, plugin])),
  ...[...new Set(rows.map(({ plugin }) => plugin))].map((plugin) =>
    `end it, and the other sessions of ${plugin} with it: animus plugin restart ${plugin}`
  )
]

export const workflowCancel = Command.make("cancel", {
  ids: runIds,
  ...bulkFlags,
  confirm,
  yes: Flag.Boolean("yes").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Do it; without it, several are only shown")
  ),
  reason: Flag.String("reason").pipe(Flag.optional)
}, ({ all, confirm, dryRun, ids, reason, yes }) =>
  Effect.gen(function*() {
    const [id, ...others] = ids
    if (id === undefined || others.length > 0 || all || dryRun) {
      const bulk = { op: "cancel" as const, ids, all, dryRun: dryRun || !yes, ...given({ reason }) }
      return yield* sayToMany(bulk, "nothing was cancelled. If you mean it, say it again with --yes")
    }
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
