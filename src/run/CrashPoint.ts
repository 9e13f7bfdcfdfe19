/** Named places at commit edges where a test ends the world. In production nothing happens here. */
import { Context, Effect } from "effect"

export const crashPoints = [
  "before-append",
  "after-append",
  "run-started",
  "phase-started",
  "session-pending",
  "session-running",
  "command-spawned",
  "phase-performed",
  "phase-completed",
  "gate-opened",
  "gate-decided",
  "run-retried",
  "cancel-requested",
  "run-ending",
  "queue-leased",
  "queue-completing",
  "queue-completed"
] as const
export type CrashPointName = (typeof crashPoints)[number]

export const CrashPoint = Context.Reference<(at: CrashPointName) => Effect.Effect<void>>("animus/run/CrashPoint", {
  defaultValue: () => () => Effect.void
})

export const crashPoint = (at: CrashPointName): Effect.Effect<void> => Effect.flatMap(CrashPoint, (reach) => reach(at))
