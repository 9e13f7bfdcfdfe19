/** Named places of an install where a test ends the world. In production nothing happens here. */
import { Context, Effect } from "effect"

export type InstallPointName = "fetched" | "probed" | "kept" | "committed" | "set-aside"

export const InstallPoint = Context.Reference<(at: InstallPointName) => Effect.Effect<void>>(
  "animus/install/InstallPoint",
  { defaultValue: () => () => Effect.void }
)

export const installPoint = (at: InstallPointName): Effect.Effect<void> =>
  Effect.flatMap(InstallPoint, (reach) => reach(at))
