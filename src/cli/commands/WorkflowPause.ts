import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { confirm, runId } from "../SharedFlags.ts"

/** A pause can be undone, so it may be confirmed and need not be. */
export const workflowPause = Command.make("pause", { id: runId, confirm }, ({ confirm, id }) =>
  Effect.gen(function*() {
    if (Option.isSome(confirm) && confirm.value !== id) {
      return yield* new InvalidInput({
        detail: `--confirm names another run than the one to pause. If you mean it: animus workflow pause ${id}`
      })
    }
    const control = yield* ControlClient
    yield* control["workflow/pause"]({ id })
    yield* succeed({ id }, [`${id} is paused. Go on with: animus workflow resume ${id}`])
  })).pipe(Command.withDescription("Pause a run after what it does now"))
