/** What an attempt says while it runs: to whoever listens now, and into its transcript for later. Neither can fail the attempt. */
import { DateTime, Effect } from "effect"
import type { RunId } from "../../../schemas/Ids.ts"
import { Notifications } from "../../notify/Notifications.ts"
import { SessionStore } from "../../session/SessionStore.ts"

export interface Said {
  readonly kind: string
  readonly text: string
}

interface Speaker {
  readonly phase: string
  readonly attempt: number
}

export const tell = Effect.fnUntraced(
  function*(run: RunId, { attempt, phase }: Speaker, session: string, said: ReadonlyArray<Said>) {
    if (said.length === 0) return
    const notifications = yield* Notifications
    const store = yield* SessionStore
    const at = DateTime.formatIso(yield* DateTime.now)
    yield* notifications.publish(
      "agent",
      said.map(({ kind, text }) => ({ workflow_id: run, phase_id: phase, attempt, session_id: session, kind, text }))
    )
    yield* store.appendTranscript(run, phase, attempt, said.map(({ kind, text }) => ({ at, kind, text }))).pipe(
      Effect.catch((error) => Effect.logWarning(`a piece of the transcript was lost: ${error.message}`))
    )
  }
)
