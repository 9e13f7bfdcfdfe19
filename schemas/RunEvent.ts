/**
 * The facts a run is made of. A run is the fold of its journal and nothing else; every fact is durable before it is
 * published. Kinds are only ever added: a journal of any release stays readable.
 */
import { Schema } from "effect"
import { RunId, SessionId } from "./Ids.ts"
import { Subject, SubjectDispatch } from "./Subject.ts"
import { PhaseDecision, WorkflowDefinition } from "./Workflow.ts"
import { CheckResult, Usage } from "./WorkflowPolicy.ts"

const attempt = { phase: Schema.String, attempt: Schema.Int }
/** By the agents of an attempt; absent means that nobody counted. */
const usage = Schema.optionalKey(Usage)

/** What a forked run has of the one before it: the results of the phases that it does not enter again. */
export const ForkedFrom = Schema.Struct({
  run: RunId,
  /** Where the fork begins; absent means with the first phase, and nothing inherited. */
  phase: Schema.optionalKey(Schema.String),
  inherited: Schema.Array(Schema.Struct({ ...attempt, decision: PhaseDecision, output: Schema.String }))
})
export type ForkedFrom = typeof ForkedFrom.Type

/** `definition` is pinned: with its hash it is what this run executes until it ends. */
export const RunStarted = Schema.TaggedStruct("RunStarted", {
  definition: WorkflowDefinition,
  definition_hash: Schema.String,
  dispatch: SubjectDispatch,
  subject: Schema.optionalKey(Subject),
  vars: Schema.Record(Schema.String, Schema.String),
  /** The plugin that executes it as a whole; absent where the daemon goes from phase to phase. */
  runner: Schema.optionalKey(Schema.String),
  forked_from: Schema.optionalKey(ForkedFrom)
})
/** `nonce` is what a decision of this attempt must repeat; `failure_context` is why the run came back here. */
export const PhaseStarted = Schema.TaggedStruct("PhaseStarted", {
  ...attempt,
  nonce: Schema.String,
  session: Schema.optionalKey(SessionId),
  failure_context: Schema.optionalKey(Schema.String)
})
/** The attempt came to an end of its own. At most one of these exists per (run, phase, attempt). */
export const PhaseCompleted = Schema.TaggedStruct("PhaseCompleted", {
  ...attempt,
  decision: PhaseDecision,
  output: Schema.String,
  duration_ms: Schema.Int,
  exit_code: Schema.optionalKey(Schema.Int),
  checks: Schema.optionalKey(Schema.Array(CheckResult)),
  usage
})
/** The attempt could not be carried out: spawn failure, timeout, provider lost, contract broken. */
export const PhaseFailed = Schema.TaggedStruct("PhaseFailed", {
  ...attempt,
  error: Schema.String,
  duration_ms: Schema.Int,
  usage
})
/** A provider may do nothing more before `until`. The run sleeps, durably; whether the attempt had `begun` decides how it goes on. */
export const RateLimited = Schema.TaggedStruct("RateLimited", {
  ...attempt,
  until: Schema.String,
  reason: Schema.String,
  begun: Schema.Boolean,
  usage
})
/** The phase that the run was sent back to waits for `until`, as its `retry.backoff` says. */
export const ReworkDelayed = Schema.TaggedStruct("ReworkDelayed", {
  phase: Schema.String,
  until: Schema.String,
  reason: Schema.String
})
/** More was used than the workflow allows to it (without `phase`), or to one of its phases. What fails a run ends it instead. */
export const BudgetExceeded = Schema.TaggedStruct("BudgetExceeded", {
  phase: Schema.optionalKey(Schema.String),
  action: Schema.Literals(["pause", "warn"]),
  reason: Schema.String
})
export const PhaseSkipped = Schema.TaggedStruct("PhaseSkipped", { phase: Schema.String, guard: Schema.String })
/** What an attempt came to whose checks failed: a person says whether it stands. */
export const HeldResult = Schema.Struct({
  decision: PhaseDecision,
  output: Schema.String,
  duration_ms: Schema.Int,
  checks: Schema.Array(CheckResult)
})
export type HeldResult = typeof HeldResult.Type

/** A person has to decide. The run waits, durably, and costs nothing while it does. */
export const GateOpened = Schema.TaggedStruct("GateOpened", {
  ...attempt,
  instructions: Schema.String,
  note_required: Schema.Boolean,
  held: Schema.optionalKey(HeldResult),
  usage
})
/** A no ends the run, unless `to` names the phase that it is sent back to. */
export const GateDecided = Schema.TaggedStruct("GateDecided", {
  ...attempt,
  approved: Schema.Boolean,
  to: Schema.optionalKey(Schema.String),
  note: Schema.optionalKey(Schema.String)
})
/** What was decided about a phase that was in flight when the daemon died, and why. */
export const RecoveryDecided = Schema.TaggedStruct("RecoveryDecided", {
  ...attempt,
  action: Schema.Literals(["resume", "rerun", "blocked"]),
  reason: Schema.String,
  usage
})
/** What a person says to a question: `decision` to a request for approval, `answer` to anything else. */
export const InteractionResponse = Schema.Struct({
  decision: Schema.optionalKey(Schema.Literals(["allow", "deny"])),
  answer: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String)
})
export type InteractionResponse = typeof InteractionResponse.Type

const interaction = { ...attempt, interaction: Schema.String }
/** How many questions of the attempt are open once this is said. */
const open = Schema.Int
/** The agent of a live attempt asks a person something, and waits. `summary` is what the person reads first. */
export const InteractionRequested = Schema.TaggedStruct("InteractionRequested", {
  ...interaction,
  session: SessionId,
  kind: Schema.String,
  summary: Schema.String,
  payload: Schema.Record(Schema.String, Schema.Json),
  expires_at: Schema.optionalKey(Schema.String)
})
/** The answer, durable before it is delivered. */
export const InteractionAnswered = Schema.TaggedStruct("InteractionAnswered", {
  ...interaction,
  response: InteractionResponse,
  open
})
/** Nobody will answer it any more, or the answer did not arrive: `reason` says why. */
export const InteractionWithdrawn = Schema.TaggedStruct("InteractionWithdrawn", {
  ...interaction,
  reason: Schema.String,
  open
})
export const RunPaused = Schema.TaggedStruct("RunPaused", { reason: Schema.String })
/** `force` lifts a block; `feedback` becomes the failure context of the phase that is entered. */
export const RunResumed = Schema.TaggedStruct("RunResumed", {
  force: Schema.Boolean,
  feedback: Schema.optionalKey(Schema.String)
})
/** A person sends a run that failed, escalated or is blocked into `phase` again; `note` becomes its failure context. */
export const RunRetried = Schema.TaggedStruct("RunRetried", {
  phase: Schema.String,
  note: Schema.optionalKey(Schema.String)
})
export const RunCompleted = Schema.TaggedStruct("RunCompleted", { reason: Schema.String })
export const RunFailed = Schema.TaggedStruct("RunFailed", { reason: Schema.String })
export const RunEscalated = Schema.TaggedStruct("RunEscalated", { reason: Schema.String })
/** From here on the run is on its way to its end: what is live is ended, its subject is told, then it is cancelled. */
export const CancelRequested = Schema.TaggedStruct("CancelRequested", { reason: Schema.String })
export const RunCancelled = Schema.TaggedStruct("RunCancelled", { reason: Schema.String })

export const RunEvent = Schema.Union([
  RunStarted,
  PhaseStarted,
  PhaseCompleted,
  PhaseFailed,
  RateLimited,
  ReworkDelayed,
  BudgetExceeded,
  PhaseSkipped,
  GateOpened,
  GateDecided,
  RecoveryDecided,
  InteractionRequested,
  InteractionAnswered,
  InteractionWithdrawn,
  RunPaused,
  RunResumed,
  RunRetried,
  RunCompleted,
  RunFailed,
  RunEscalated,
  CancelRequested,
  RunCancelled
])
export type RunEvent = typeof RunEvent.Type

/** One line of a journal. `sequence` counts from 1 without a gap; `at` is RFC 3339 UTC. */
export const JournalEntry = Schema.Struct({
  sequence: Schema.Int,
  at: Schema.String,
  event: RunEvent
})
export type JournalEntry = typeof JournalEntry.Type

/** `blocked`: recovery would not guess; `waiting`: for a person; `sleeping`: for a time. All are `paused` on the control socket. */
export const RunStatus = Schema.Literals([
  "running",
  "waiting",
  "sleeping",
  "paused",
  "blocked",
  "escalated",
  "completed",
  "failed",
  "cancelled"
])
export type RunStatus = typeof RunStatus.Type

/** The line a list shows for a run; what a store keeps in its index. */
export const RunHead = Schema.Struct({
  run: RunId,
  workflow: Schema.String,
  status: RunStatus,
  subject_id: Schema.optionalKey(Schema.String),
  phase: Schema.optionalKey(Schema.String),
  attempt: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  started_at: Schema.String,
  updated_at: Schema.String,
  finished_at: Schema.optionalKey(Schema.String),
  /** What a paused run is once it is resumed, where that is not simply at work. */
  resumes_as: Schema.optionalKey(Schema.Struct({ status: RunStatus, reason: Schema.optionalKey(Schema.String) })),
  sequence: Schema.Int
})
export type RunHead = typeof RunHead.Type
