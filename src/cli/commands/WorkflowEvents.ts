import { Command, Flag } from "effect/cli"
import { followRun } from "../FollowRun.ts"
import { runId } from "../SharedFlags.ts"

export const workflowEvents = Command.make("events", {
  id: runId,
  after: Flag.String("after").pipe(
    Flag.withDefault("0"),
    Flag.withDescription("Only what comes after this cursor, as an event carries it")
  ),
  follow: Flag.Boolean("follow").pipe(
    Flag.withAlias("f"),
    Flag.withDefault(false),
    Flag.withDescription("Stay until the run has ended, whatever becomes of the daemon meanwhile")
  )
}, followRun).pipe(Command.withDescription("Show what a run did, from its journal, and with --follow what it does"))
