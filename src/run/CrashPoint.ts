/** Named places at commit edges where a test ends the world. In production nothing happens here. */
import { Context, Effect } from "effect"

export type CrashPointName =
  | "run-started"
  | "phase-started"
  | "session-pending"
  | "session-running"
  | "phase-performed"
  | "phase-completed"
  | "gate-opened"
  | "gate-decided"
  | "run-retried"
  | "cancel-requested"
  | "run-ending"

export const CrashPoint = Context.Reference<(at: CrashPointName) => Effect.Effect<void>>("animus/run/CrashPoint", {
  defaultValue: () => () => Effect.void
})

export const crashPoint = (at: CrashPointName): Effect.Effect<void> => Effect.flatMap(CrashPoint, (reach) => reach(at))
