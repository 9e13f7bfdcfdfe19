/** The status of a run, derived from its events: the one place where that is done. Pure. */
import { Schema } from "effect"
import type { RunId } from "../../schemas/Ids.ts"
import { type JournalEntry, type RunEvent, type RunHead, RunStatus } from "../../schemas/RunEvent.ts"

/** Nothing follows these by itself: a failed run goes on when a person retries it. An escalated one still waits for a person. */
export const isFinished = (status: RunStatus): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

/** For stores that get a status back as a string. */
export const isRunStatus = Schema.is(RunStatus)

type Change = Partial<
  Pick<RunHead, "workflow" | "status" | "subject_id" | "phase" | "attempt" | "reason" | "resumes_as">
>

/**
 * A question does not change what a person holds, but what the run comes back to; and the last answer lets only that run go
 * on which waited for it.
 */
const asked = (
  head: RunHead | undefined,
  { open, summary }: { readonly open?: number; readonly summary?: string }
): Change => {
  if (summary !== undefined) {
    const waiting = { status: "waiting", reason: summary } as const
    return head?.status === "paused"
      ? { resumes_as: waiting }
      : head?.status === "running" || head?.status === "waiting"
      ? waiting
      : {}
  }
  if (open !== 0) return {}
  return head?.status === "waiting" ? { status: "running" } : head?.status === "paused" ? stillPaused(head) : {}
}

const stillPaused = ({ reason }: RunHead): Change => ({
  status: "paused",
  ...(reason === undefined ? {} : { reason })
})

const changeOf = (head: RunHead | undefined, event: RunEvent): Change => {
  switch (event._tag) {
    case "InteractionRequested":
    case "InteractionAnswered":
    case "InteractionWithdrawn":
      return asked(head, event)
    case "RunStarted":
      return {
        workflow: event.definition.id,
        status: "running",
        subject_id: event.subject?.id ?? event.dispatch.subject.id
      }
    case "PhaseStarted":
      return { status: "running", phase: event.phase, attempt: event.attempt }
    case "GateOpened":
      return { status: "waiting", phase: event.phase, attempt: event.attempt, reason: event.instructions }
    case "RateLimited":
      return { status: "sleeping", phase: event.phase, attempt: event.attempt, reason: event.reason }
    case "ReworkDelayed":
      return { status: "sleeping", phase: event.phase, reason: event.reason }
    case "BudgetExceeded":
      return event.action === "pause" ? { status: "paused", reason: event.reason } : {}
    case "GateDecided":
      return { status: "running" }
    case "RecoveryDecided":
      return event.action === "blocked"
        ? { status: "blocked", phase: event.phase, attempt: event.attempt, reason: event.reason }
        : { status: "running" }
    case "RunPaused":
      return { status: "paused", reason: event.reason }
    case "RunResumed":
      return head?.resumes_as ?? { status: "running" }
    case "RunRetried":
      return { status: "running" }
    case "CancelRequested":
      return { status: "running", reason: event.reason }
    case "RunCompleted":
      return { status: "completed", reason: event.reason }
    case "RunFailed":
      return { status: "failed", reason: event.reason }
    case "RunEscalated":
      return { status: "escalated", reason: event.reason }
    case "RunCancelled":
      return { status: "cancelled", reason: event.reason }
    case "PhaseCompleted":
    case "PhaseFailed":
    case "PhaseSkipped":
      return {}
  }
}

/** What becomes of an attempt, or of a gate, does not take back the word of whoever paused the run. */
const overruled: ReadonlySet<RunEvent["_tag"]> = new Set<RunEvent["_tag"]>([
  "GateDecided",
  "GateOpened",
  "RateLimited",
  "RecoveryDecided",
  "ReworkDelayed"
])

const held = (head: RunHead | undefined, event: RunEvent): Change => {
  const change = changeOf(head, event)
  const { reason, status } = change
  if (head?.status !== "paused" || status === undefined || status === "blocked" || !overruled.has(event._tag)) {
    return change
  }
  const { reason: _, ...rest } = change
  return {
    ...rest,
    ...stillPaused(head),
    ...(status === "waiting" ? { resumes_as: { status, ...(reason === undefined ? {} : { reason }) } } : {})
  }
}

const begin = (run: RunId, entry: JournalEntry): RunHead => ({
  run,
  workflow: "",
  status: "running",
  started_at: entry.at,
  updated_at: entry.at,
  sequence: 0
})

/** The head after one more entry. A reason and an end belong to the status they came with and go when it changes. */
export const advanceHead = (head: RunHead | undefined, run: RunId, entry: JournalEntry): RunHead => {
  const change = held(head, entry.event)
  const { finished_at, reason, resumes_as, ...rest } = head ?? begin(run, entry)
  const kept = change.status === undefined
    ? {
      ...(reason === undefined ? {} : { reason }),
      ...(finished_at === undefined ? {} : { finished_at }),
      ...(resumes_as === undefined ? {} : { resumes_as })
    }
    : isFinished(change.status)
    ? { finished_at: entry.at }
    : {}
  return { ...rest, ...kept, ...change, updated_at: entry.at, sequence: entry.sequence }
}
