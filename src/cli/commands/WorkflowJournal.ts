import { Effect } from "effect"
import { Command } from "effect/cli"
import { RunId } from "../../../schemas/Ids.ts"
import { OfflineStore } from "../OfflineStore.ts"
import { succeed } from "../Output.ts"
import { journalLine } from "../render/RunText.ts"
import { runId } from "../SharedFlags.ts"

/** Read from the store itself, so it also answers when no daemon does. */
export const workflowJournal = Command.make("journal", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const { store } = yield* OfflineStore
    const sessions = yield* store
    const entries = yield* sessions.read(RunId.make(id))
    yield* succeed(entries, entries.map(journalLine))
  }).pipe(Effect.scoped)).pipe(Command.withDescription("Show every fact a run is made of, in order"))
