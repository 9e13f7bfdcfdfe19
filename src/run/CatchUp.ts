/** What of a run's events a reader still lacks: out of its journal, or out of what is published as it happens. Pure. */
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry } from "../../schemas/RunEvent.ts"
import { type Cursor, wholeEntries } from "./Cursor.ts"
import { apply, type RunState } from "./RunState.ts"
import { workflowEvents } from "./WorkflowEvents.ts"

export interface Replay {
  readonly state: RunState | undefined
  readonly events: ReadonlyArray<WorkflowEvent>
}

/** `entries` is the whole journal: how an entry is told depends on what went before it. */
export const replay = (run: RunId, entries: ReadonlyArray<JournalEntry>, after: Cursor): Replay => {
  const events: Array<WorkflowEvent> = []
  let state: RunState | undefined
  for (const entry of entries) {
    state = apply(run, state, entry)
    if (state === undefined || entry.sequence <= wholeEntries(after)) continue
    const had = entry.sequence === after.sequence && after.part !== undefined ? after.part + 1 : 0
    events.push(...workflowEvents(state, entry).slice(had))
  }
  return { state, events }
}

export type Taken =
  | { readonly _tag: "Events"; readonly events: ReadonlyArray<WorkflowEvent>; readonly sequence: number }
  /** Something between what was had and this was lost: the journal has it. */
  | { readonly _tag: "Gap" }

/** Of a batch of published events of the run, in order: what comes after entry `sequence`. An entry is published whole. */
export const take = (sequence: number, published: ReadonlyArray<WorkflowEvent>): Taken => {
  const events: Array<WorkflowEvent> = []
  let last = sequence
  for (const event of published) {
    const of = event.sequence
    if (of !== undefined) {
      if (of <= sequence) continue
      if (of > last + 1) return { _tag: "Gap" }
      last = of
    }
    events.push(event)
  }
  return { _tag: "Events", events, sequence: last }
}
