import { Effect } from "effect"
import { Command } from "effect/cli"
import { RunId } from "../../../schemas/Ids.ts"
import { OfflineFiles } from "../OfflineFiles.ts"
import { succeed } from "../Output.ts"
import { journalLine } from "../render/RunText.ts"
import { runId } from "../SharedFlags.ts"

/** Read from the store itself, beside a daemon as well: what a journal holds does not change any more. */
export const workflowJournal = Command.make("journal", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const { held, store } = yield* OfflineFiles
    const sessions = yield* store
    const entries = yield* sessions.read(RunId.make(id))
    yield* succeed(entries, entries.map(journalLine), { offline: !(yield* held) })
  }).pipe(Effect.scoped)).pipe(Command.withDescription("Show every fact a run is made of, in order"))
