/** Names that travel. A run id is minted before its dispatch is leased and is the same everywhere after. */
import { Schema } from "effect"

/** One execution of a workflow; the control protocol calls it `workflow_id`. Safe as a file name. */
export const RunId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/)).pipe(
  Schema.brand("RunId")
)
export type RunId = typeof RunId.Type

/** One dispatch of an agent, minted by the host; what `agent/cancel` names. Never a provider's own resumable id. */
export const SessionId = Schema.String.check(Schema.isMinLength(1)).pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type
