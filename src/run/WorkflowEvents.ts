/** What the control socket hears of a journal entry (control protocol, workflow events): one event at least. Pure. */
import { type AgentOutput, SETTLED } from "../../schemas/control/AgentRpcs.ts"
import { settlingEventKinds, type WorkflowEvent } from "../../schemas/control/Events.ts"
import type { Json } from "../../schemas/Json.ts"
import type { JournalEntry } from "../../schemas/RunEvent.ts"
import { textOf } from "./Cursor.ts"
import { routeOf } from "./Route.ts"
import type { RunState } from "./RunState.ts"

/** What no journal has: the loop of a run had to stop where it is, so nothing comes after this by itself. */
export const runStopped = (run: string, reason: string, at: string): WorkflowEvent => ({
  workflow_id: run,
  kind: "workflow_paused",
  payload: { state: "stopped", reason },
  occurred_at: at
})

/** What follows the last words of a run's agents and commands before these events. */
export const closings = (events: ReadonlyArray<WorkflowEvent>): ReadonlyArray<AgentOutput> =>
  events.filter(({ kind }) => settlingEventKinds.has(kind)).map(({ occurred_at, workflow_id }) => ({
    workflow_id,
    phase_id: "",
    attempt: 0,
    session_id: "",
    kind: SETTLED,
    text: occurred_at
  }))

type Payload = { readonly [key: string]: Json }
type Said = readonly [kind: string, payload: Payload]

/** `state` is the run with this entry already in it. */
export const workflowEvents = (state: RunState, entry: JournalEntry): ReadonlyArray<WorkflowEvent> =>
  said(state, entry).map(([kind, payload], part, { length }) => ({
    workflow_id: state.head.run,
    kind,
    payload,
    occurred_at: entry.at,
    sequence: entry.sequence,
    cursor: textOf({ sequence: entry.sequence, ...(part === length - 1 ? {} : { part }) })
  }))

/** What the daemon's own topic hears of it beside: whose work failed, and whose waits for a person. */
export const daemonFacts = (state: RunState, { event }: JournalEntry): ReadonlyArray<Said> => {
  const { dispatch: { subject }, head: { phase, run } } = state
  const facts = { workflow_id: run, task_id: subject.id, phase_id: phase ?? null }
  switch (event._tag) {
    case "RunFailed":
      return [["workflow-failed", { ...facts, reason: event.reason }]]
    case "RunEscalated":
      return [["task-blocked", { ...facts, reason: event.reason }]]
    case "RecoveryDecided":
      return event.action === "blocked" ? [["task-blocked", { ...facts, reason: event.reason }]] : []
    default:
      return []
  }
}

/** The run has come to its end: nothing follows by itself. An escalated run, told in the same word, waits for a person. */
export const isEnd = ({ kind, payload }: WorkflowEvent): boolean =>
  kind === "workflow_completed" || kind === "workflow_cancelled" ||
  (kind === "workflow_failed" && !isEscalation(payload))

const isEscalation = (payload: Json): boolean =>
  typeof payload === "object" && payload !== null && "final_status" in payload && payload.final_status === "escalated"

type Event<Tag> = Extract<JournalEntry["event"], { readonly _tag: Tag }>
type InteractionTag = "InteractionRequested" | "InteractionAnswered" | "InteractionWithdrawn"
type PersonTag = "RunPaused" | "RunResumed" | "RunRetried" | "CancelRequested"
type EndTag = "RunCompleted" | "RunFailed" | "RunEscalated" | "RunCancelled"

const said = (state: RunState, { event }: JournalEntry): ReadonlyArray<Said> => {
  switch (event._tag) {
    case "RunStarted":
      return [["workflow_started", {
        workflow: event.definition.id,
        subject_id: event.dispatch.subject.id,
        total_phases: event.definition.phases.length,
        ...(event.forked_from === undefined ? {} : { forked_from: event.forked_from.run })
      }]]
    case "PhaseStarted":
      return [["phase_started", {
        ...placeOf(state, event),
        ...(event.failure_context === undefined ? {} : { failure_context: event.failure_context })
      }]]
    case "PhaseCompleted":
      return completed(state, event)
    case "PhaseFailed":
      return [["phase_failed", { ...placeOf(state, event), phase_status: "failed", error: event.error }]]
    case "PhaseSkipped":
      return [["phase_skipped", { phase_id: event.phase, guard: event.guard }]]
    case "RateLimited": {
      const { reason, until } = event
      return [["workflow_paused", { state: "sleeping", ...placeOf(state, event), until, reason }]]
    }
    case "ReworkDelayed":
    case "BudgetExceeded":
      return [held(event)]
    case "GateOpened":
      return opened(state, event)
    case "GateDecided": {
      const { _tag, attempt, phase, ...answer } = event
      return [["gate_decided", { ...placeOf(state, { phase, attempt }), ...answer }]]
    }
    case "RecoveryDecided": {
      const { action, phase, reason } = event
      return action === "blocked"
        ? [["workflow_paused", { state: "blocked", phase_id: phase, reason }]]
        : [["recovery_decided", { ...placeOf(state, event), action, reason }]]
    }
    case "InteractionRequested":
    case "InteractionAnswered":
    case "InteractionWithdrawn":
      return [asking(state, event)]
    case "RunPaused":
    case "RunResumed":
    case "RunRetried":
    case "CancelRequested":
      return [steered(event)]
    case "RunCompleted":
    case "RunFailed":
    case "RunEscalated":
    case "RunCancelled":
      return [ending(event)]
  }
}

const held = (event: Event<"ReworkDelayed" | "BudgetExceeded">): Said => {
  const { phase, reason } = event
  const place = phase === undefined ? {} : { phase_id: phase }
  if (event._tag === "ReworkDelayed") {
    return ["workflow_paused", { state: "sleeping", ...place, until: event.until, reason }]
  }
  return event.action === "pause"
    ? ["workflow_paused", { state: "paused", ...place, reason, budget: true }]
    : ["budget_exceeded", { ...place, reason }]
}

const opened = (state: RunState, event: Event<"GateOpened">): ReadonlyArray<Said> => [
  ["phase_completed", { ...placeOf(state, event), phase_status: "manual_pending" }],
  ["decision_needed", {
    ...placeOf(state, event),
    instructions: event.instructions,
    note_required: event.note_required
  }]
]

const asking = (state: RunState, event: Event<InteractionTag>): Said => {
  const question = { ...placeOf(state, event), interaction_id: event.interaction }
  switch (event._tag) {
    case "InteractionRequested": {
      const { expires_at, kind, payload, session, summary } = event
      const expires = expires_at === undefined ? {} : { expires_at }
      return ["interaction_requested", { ...question, session_id: session, kind, summary, payload, ...expires }]
    }
    case "InteractionAnswered":
      return ["interaction_answered", { ...question, response: { ...event.response } }]
    case "InteractionWithdrawn":
      return ["interaction_withdrawn", { ...question, reason: event.reason }]
  }
}

const steered = (event: Event<PersonTag>): Said => {
  switch (event._tag) {
    case "RunPaused":
      return ["workflow_paused", { state: "paused", reason: event.reason }]
    case "RunResumed":
      return ["workflow_resumed", { force: event.force }]
    case "RunRetried":
      return ["workflow_retried", { phase_id: event.phase }]
    case "CancelRequested":
      return ["cancel_requested", { reason: event.reason }]
  }
}

const ending = ({ _tag, reason }: Event<EndTag>): Said => {
  switch (_tag) {
    case "RunCompleted":
      return ["workflow_completed", { final_status: "completed", reason }]
    case "RunFailed":
      return ["workflow_failed", { final_status: "failed", reason }]
    case "RunEscalated":
      return ["workflow_failed", { final_status: "escalated", reason }]
    case "RunCancelled":
      return ["workflow_cancelled", { reason }]
  }
}

const placeOf = (
  { definition }: RunState,
  { attempt, phase }: { readonly phase: string; readonly attempt: number }
) => ({
  phase_id: phase,
  phase_index: definition.phases.findIndex(({ id }) => id === phase),
  phase_attempt: attempt,
  total_phases: definition.phases.length
})

/** A verdict of fail is a completed phase of status failed; `phase_failed` is for attempts that could not be carried out. */
const statusOf = (state: RunState, verdict: string) => {
  if (verdict === "fail") return "failed"
  const route = routeOf(state)?._tag
  if (route === "Rework") return "rework"
  return verdict === "skip" && (route === "Complete" || route === "Cancel") ? "closed" : "completed"
}

const completed = (
  state: RunState,
  event: Extract<JournalEntry["event"], { readonly _tag: "PhaseCompleted" }>
): ReadonlyArray<Said> => {
  const { confidence, reason, source, verdict } = event.decision
  const place = placeOf(state, event)
  const decision: Said = ["phase_completed", { ...place, phase_status: "decision", verdict, confidence, reason }]
  const end: Said = ["phase_completed", {
    ...place,
    phase_status: statusOf(state, verdict),
    verdict,
    duration_ms: event.duration_ms
  }]
  return source === "agent" ? [decision, end] : [end]
}
