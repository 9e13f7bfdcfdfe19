/**
 * A word to one run, as ever, or to several at once or all of them. What cannot be undone is only shown until `--yes`; a dry
 * run is a success whatever it finds; one refusal among many is a failure that carries what became of each.
 */
import { Effect } from "effect"
import { Argument, Flag } from "effect/cli"
import type { BulkOp, BulkResult } from "../../schemas/control/BulkRuns.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { succeed } from "./Output.ts"
import { table } from "./Table.ts"

export const runIds = Argument.String("run").pipe(
  Argument.variadic(),
  Argument.withDescription("The runs' ids, as workflow list shows them")
)

export const bulkFlags = {
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Every run that it can be said to")),
  dryRun: Flag.Boolean("dry-run").pipe(Flag.withDefault(false), Flag.withDescription("Only show what would be done"))
}

export const bulkText = ({ items }: BulkResult): ReadonlyArray<string> =>
  items.length === 0 ? ["no such runs"] : table(
    ["RUN", "STATE", "", "WHY"],
    items.map(({ error, id, ok, state }) => [id, state, ok ? "ok" : "refused", error])
  )

/** `next` is said below a preview. */
export const conclude = Effect.fnUntraced(function*(result: BulkResult, next: string | undefined) {
  const lines = bulkText(result)
  if (result.dry_run) return yield* succeed(result, next === undefined ? lines : [...lines, next])
  if (result.failed === 0) return yield* succeed(result, lines)
  return yield* new ControlError({
    category: "conflict",
    message: `${result.failed} of ${result.requested} refused to ${result.op}:\n${lines.join("\n")}`,
    data: { ...result, items: result.items.map((item) => ({ ...item })) }
  })
})

interface Bulk {
  readonly op: BulkOp
  readonly ids: ReadonlyArray<string>
  readonly all: boolean
  readonly dryRun: boolean
  readonly reason?: string
}

export const sayToMany = Effect.fnUntraced(function*({ dryRun: dry_run, ...request }: Bulk, next?: string) {
  const control = yield* ControlClient
  yield* conclude(yield* control["workflow/bulk"]({ ...request, dry_run }), next)
})
