/** What happens in the daemon and in its runs, as notifiers are told of it. Pure. */
import type { DaemonRunEvent, WorkflowEvent } from "../../schemas/control/Events.ts"
import type { JsonObject } from "../../schemas/Json.ts"
import type { DaemonEventRecord } from "../../schemas/Notifier.ts"

/** A notifier's own words come back as these: telling them to notifiers would never end. */
const OWN = "notification-"

export const isOwn = ({ kind }: DaemonRunEvent): boolean => kind.startsWith(OWN)

export const ownKind = (type: string): string => type.startsWith(OWN) ? type : OWN + type

interface Place {
  readonly seq: number
  readonly projectRoot: string
}

const recordOf = (id: string, timestamp: string, event_type: string, { projectRoot, seq }: Place) => ({
  schema: "animus.daemon-event.v1",
  id,
  seq,
  timestamp,
  event_type,
  project_root: projectRoot
})

export const ofDaemon = ({ id, kind, occurred_at, payload }: DaemonRunEvent, place: Place): DaemonEventRecord => ({
  ...recordOf(id, occurred_at, kind, place),
  data: payload
})

/** The run stands beside what the event itself says. */
export const ofRun = (
  { kind, occurred_at, payload, workflow_id }: WorkflowEvent,
  id: string,
  place: Place
): DaemonEventRecord => {
  const facts: JsonObject = typeof payload === "object" && payload !== null && !Array.isArray(payload)
    ? Object.fromEntries(Object.entries(payload))
    : { value: payload }
  return { ...recordOf(id, occurred_at, kind, place), data: { ...facts, workflow_id } }
}
