/** What handlers are asked about. */
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import type { RunId } from "../../schemas/Ids.ts"
import { Priority, type SubjectDispatch } from "../../schemas/Subject.ts"
import type { Sighting } from "../../src/project/ProcessTable.ts"

export const entry = (dispatch: SubjectDispatch, state: QueueEntry["state"], run?: RunId): QueueEntry => ({
  id: `e-${state}`,
  dispatch,
  priority: Priority.make(2),
  state,
  enqueued_at: "t",
  ...run === undefined ? {} : { run }
})

export const dispatch: SubjectDispatch = {
  subject: { kind: "animus.task", id: "task:1", labels: [], metadata: {} },
  workflow_ref: "fix",
  vars: {},
  trigger_source: "manual",
  requested_at: "t"
}

/** A process by the mark that it carries, if any. */
export const seen = (pid: number, command: string, parent: number, generation?: string): Sighting => ({
  pid,
  command,
  parent,
  startTime: String(pid),
  mark: () => generation === undefined ? undefined : { cookie: "c", generation, plugin: "p" },
  limit: () => undefined,
  holds: () => false
})
