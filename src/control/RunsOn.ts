/** What of something that was cancelled could not be ended, as its answer tells it; nothing is said when there is none. Pure. */
import type { Cancelled } from "../../schemas/control/Cancelled.ts"
import type { Remainder } from "../agent/AgentSessions.ts"

export const runsOn = (rows: ReadonlyArray<Remainder>): Cancelled =>
  rows.length === 0 ? {} : { runs_on: rows.map(({ command, pid, plugin }) => ({ pid, command, plugin })) }
