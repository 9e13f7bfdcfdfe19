import { Command } from "effect/cli"
import { runId } from "../SharedFlags.ts"
import { watchRun } from "../WatchRun.ts"

export const workflowWatch = Command.make("watch", { id: runId }, ({ id }) => watchRun(id)).pipe(
  Command.withDescription("Show what a run does, as it does it, until it ends or waits for somebody")
)
