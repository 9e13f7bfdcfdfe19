/** The runs that stand still and ought not to: those that wait for the store, and those whose loop had to stop. */
import type { RunId } from "../../schemas/Ids.ts"
import { describeWait, StoreWaits } from "./StorePatience.ts"

export interface RunTrouble {
  readonly run: string
  /** As an operator reads it: what is wrong, since when, and what mends it. */
  readonly detail: string
  /** It goes on by itself; one that does not was stopped, and somebody has to resume it. */
  readonly waits: boolean
  /** What it waits for is room on the disk. */
  readonly full: boolean
}

export const makeTroubles = () => {
  const waits = new StoreWaits()
  const stopped = new Map<RunId, string>()
  return {
    waits,
    stopped,
    list: (): ReadonlyArray<RunTrouble> => [
      ...waits.list().map(([run, wait]) => ({
        run,
        detail: describeWait(wait),
        waits: true,
        full: wait.failure.reason._tag === "StoreFull"
      })),
      ...Array.from(stopped, ([run, why]) => ({
        run,
        detail: `stopped where it is: ${why}`,
        waits: false,
        full: false
      }))
    ]
  }
}
