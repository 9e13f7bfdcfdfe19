import { Effect } from "effect"
import { Command } from "effect/cli"
import { RunId } from "../../../schemas/Ids.ts"
import { OfflineFiles } from "../OfflineFiles.ts"
import { succeed } from "../Output.ts"
import { runId } from "../SharedFlags.ts"
import { table } from "../Table.ts"

/** Read from the store itself, as the journal is. */
export const workflowDecisions = Command.make("decisions", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const { held, store } = yield* OfflineFiles
    const sessions = yield* store
    const entries = yield* sessions.read(RunId.make(id))
    const decisions = entries.flatMap(({ at, event }) =>
      event._tag === "PhaseCompleted"
        ? [{ timestamp: at, phase_id: event.phase, attempt: event.attempt, ...event.decision }]
        : []
    )
    const rows = decisions.map((one) => [one.phase_id, one.attempt, one.verdict, one.confidence, one.risk, one.reason])
    yield* succeed(
      { decisions },
      decisions.length === 0
        ? [`nothing was decided in ${id} yet. See: animus workflow get ${id}`]
        : table(["PHASE", "ATTEMPT", "VERDICT", "CONFIDENCE", "RISK", "REASON"], rows),
      { offline: !(yield* held) }
    )
  }).pipe(Effect.scoped)).pipe(Command.withDescription("Show what each attempt of a run decided, in order"))
