/** What is known of the agent session behind a phase; `<phase>.session.json` on disk. It answers one question after a crash: can this be resumed? */
import { Schema } from "effect"
import { RunId, SessionId } from "./Ids.ts"
import { AgentRunRequest } from "./Provider.ts"

/** `provider_session_id` is the provider's own resumable id, once it is known; `run_id` is ours and never resumable. */
export const SessionRecord = Schema.Struct({
  workflow_id: RunId,
  phase_id: Schema.String,
  attempt: Schema.Int,
  provider: Schema.String,
  run_id: SessionId,
  provider_session_id: Schema.NullOr(Schema.String),
  status: Schema.Literals(["pending", "running", "completed", "failed", "blocked"]),
  started_at: Schema.String,
  completed_at: Schema.optionalKey(Schema.String),
  blocked_reason: Schema.optionalKey(Schema.String),
  request: Schema.optionalKey(AgentRunRequest),
  /** Written beside the event that begins its attempt: it tells of a launch only if that event has the same session. */
  foreseen: Schema.optionalKey(Schema.Boolean)
})
export type SessionRecord = typeof SessionRecord.Type
