import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkFlags, conclude } from "../BulkRuns.ts"
import { momentOf } from "../Since.ts"

/** A bare number is days. */
const inDays = (text: string): string => /^\d+$/.test(text) ? `${text}d` : text

export const workflowPrune = Command.make("prune", {
  olderThan: Flag.String("older-than").pipe(
    Flag.optional,
    Flag.withDescription("Only those that ended before: a time, or how long ago, such as 30d")
  ),
  status: Flag.Literals("status", ["completed", "failed", "cancelled"]).pipe(
    Flag.atLeast(0),
    Flag.withDescription("Only these; may be repeated")
  ),
  keep: Flag.Int("keep").pipe(
    Flag.withSchema(Schema.Natural),
    Flag.withDefault(0),
    Flag.withDescription("Keep the newest so many")
  ),
  dryRun: bulkFlags.dryRun,
  yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("Do it; without it they are only shown"))
}, ({ dryRun, keep, olderThan, status, yes }) =>
  Effect.gen(function*() {
    const before = Option.isSome(olderThan) ? { before: yield* momentOf(inDays(olderThan.value), "--older-than") } : {}
    const control = yield* ControlClient
    const result = yield* control["workflow/prune"]({
      status,
      keep,
      dry_run: dryRun || !yes,
      ...before
    })
    yield* conclude(result, "nothing was removed. If you mean it, say it again with --yes")
  })).pipe(Command.withDescription("Remove runs that have ended, with all that is kept of them"))
