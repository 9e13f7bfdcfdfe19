import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { confirm, runId } from "../SharedFlags.ts"

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
    yield* control["workflow/cancel"]({ id, ...given({ reason }) })
    yield* succeed({ id }, [`${id} is cancelled; nothing of it runs any more`])
  })).pipe(Command.withDescription("End a run for good; what it runs is ended first"))
