import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { WorkflowStatus } from "../../../schemas/control/WorkflowRpcs.ts"
import { RunStatus } from "../../../schemas/RunEvent.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { listRuns } from "../../control/RunPages.ts"
import { cursor, further } from "../Further.ts"
import { given } from "../Given.ts"
import { OfflineFiles, orOffline } from "../OfflineFiles.ts"
import { succeed } from "../Output.ts"
import { runTable } from "../render/RunText.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { limit } from "../SharedFlags.ts"

export const workflowList = Command.make("list", {
  status: Flag.Literals("status", WorkflowStatus.literals).pipe(Flag.optional),
  state: Flag.Literals("state", RunStatus.literals).pipe(
    Flag.optional,
    Flag.withDescription("Finer than the status: waiting, sleeping, blocked and escalated runs are all paused")
  ),
  cursor,
  limit
}, (flags) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const files = yield* OfflineFiles
    const query = given(flags)
    const { offline, value: page } = yield* orOffline(
      control["workflow/list"](query),
      Effect.flatMap(files.store, (store) => listRuns(store, query))
    )
    yield* succeed(page, [
      ...runTable(page.runs),
      ...(page.unreadable ?? []).map(({ id, reason }) => `cannot be read: ${id}: ${sanitizeLine(reason)}`),
      ...further("animus workflow list", query, page.next_cursor)
    ], { offline })
  }).pipe(Effect.scoped)).pipe(Command.withDescription("List runs, newest first"))
