import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkFlags, runIds, sayToMany } from "../BulkRuns.ts"
import { succeed } from "../Output.ts"
import { confirm } from "../SharedFlags.ts"

/** A pause can be undone, so it may be confirmed and need not be. */
export const workflowPause = Command.make(
  "pause",
  { ids: runIds, ...bulkFlags, confirm },
  ({ all, confirm, dryRun, ids }) =>
    Effect.gen(function*() {
      const [id, ...others] = ids
      if (id === undefined || others.length > 0 || all || dryRun) {
        return yield* sayToMany({ op: "pause", ids, all, dryRun })
      }
      if (Option.isSome(confirm) && confirm.value !== id) {
        return yield* new InvalidInput({
          detail: `--confirm names another run than the one to pause. If you mean it: animus workflow pause ${id}`
        })
      }
      const control = yield* ControlClient
      yield* control["workflow/pause"]({ id })
      yield* succeed({ id }, [`${id} is paused. Go on with: animus workflow resume ${id}`])
    })
).pipe(Command.withDescription("Pause runs after what they do now"))
