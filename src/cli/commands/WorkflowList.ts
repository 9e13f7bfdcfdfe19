import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { WorkflowStatus } from "../../../schemas/control/WorkflowRpcs.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { runTable } from "../render/RunText.ts"
import { limit } from "../SharedFlags.ts"

export const workflowList = Command.make("list", {
  status: Flag.Literals("status", WorkflowStatus.literals).pipe(Flag.optional),
  cursor: Flag.String("cursor").pipe(Flag.optional, Flag.withDescription("Where the page before ended")),
  limit
}, (flags) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const page = yield* control["workflow/list"](given(flags))
    const more = page.next_cursor === undefined ? [] : [`more with: animus workflow list --cursor ${page.next_cursor}`]
    yield* succeed(page, [...runTable(page.runs), ...more])
  })).pipe(Command.withDescription("List runs, newest first"))
