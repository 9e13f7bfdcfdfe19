import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { bulkFlags, runIds, sayToMany } from "../BulkRuns.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"

export const workflowResume = Command.make("resume", {
  ids: runIds,
  ...bulkFlags,
  feedback: Flag.String("feedback").pipe(Flag.optional, Flag.withDescription("Told to the phase that is entered")),
  force: Flag.Boolean("force").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Run a blocked phase again although it may have partly executed")
  )
}, ({ all, dryRun, feedback, force, ids }) =>
  Effect.gen(function*() {
    const [id, ...others] = ids
    if (id === undefined || others.length > 0 || all || dryRun) {
      if (!force && Option.isNone(feedback)) return yield* sayToMany({ op: "resume", ids, all, dryRun })
      return yield* new InvalidInput({ detail: "--force and --feedback are said to one run at a time" })
    }
    const control = yield* ControlClient
    yield* control["workflow/resume"]({ id, force, ...given({ feedback }) })
    yield* succeed({ id }, [`${id} goes on. Follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Let a paused, escalated or blocked run go on"))
