/** Workflows, and single phases of them, executed by a plugin (plugin protocol, workflow_runner). */
import { Effect, Option, Schema } from "effect"
import { Json, JsonObject, JsonOrNull, maybe, open, orElse, rows } from "./Json.ts"
import { PhaseLaunch } from "./PhaseLaunch.ts"
import { SubjectDispatch, SubjectRef } from "./Subject.ts"

/** Who asked, relayed as it came (plugin protocol, peripheral kinds). */
export const Actor = open({
  user_id: Schema.String,
  claims: maybe(Schema.Array(Schema.String)),
  tenant_id: maybe(Schema.String)
})
export type Actor = typeof Actor.Type

export const RunnerPhaseStatus = Schema.Literals(["completed", "rework", "closed", "failed", "manual_pending"])

const shared = {
  phase_timeout_secs: maybe(Schema.Natural),
  phase_routing: maybe(Json),
  mcp_config: maybe(Json),
  /** One that cannot be read is dropped. */
  actor: Schema.optionalKey(Actor).pipe(Schema.catchDecoding(() => Effect.succeed(Option.none())))
}

export const ExecuteWorkflow = open({
  ...shared,
  workflow_id: maybe(Schema.String),
  subject_dispatch: maybe(SubjectDispatch),
  subject_ref: maybe(SubjectRef),
  task_id: maybe(Schema.String),
  requirement_id: maybe(Schema.String),
  title: maybe(Schema.String),
  description: maybe(Schema.String),
  workflow_ref: maybe(Schema.String),
  input: maybe(Json),
  vars: orElse(Schema.Record(Schema.String, Schema.String), {}),
  model: maybe(Schema.String),
  tool: maybe(Schema.String),
  phase_filter: maybe(Json),
  /** Ours: what a person said when they resumed the run that is handed over once more. */
  feedback: maybe(Schema.String)
})
export type ExecuteWorkflow = typeof ExecuteWorkflow.Type

/** What a phase came to; externally tagged. */
export const PhaseOutcome = Schema.Union([
  Schema.Struct({
    Completed: open({ commit_message: maybe(Schema.String), phase_decision: maybe(Json), result_payload: maybe(Json) })
  }),
  Schema.Struct({ ManualPending: open({ instructions: Schema.String, approval_note_required: Schema.Boolean }) })
])
export type PhaseOutcome = typeof PhaseOutcome.Type

const knownEvents: ReadonlySet<string> = new Set(["started", "decision", "completed"])
const OtherEvent = Schema.String.check(
  Schema.makeFilter((kind) => !knownEvents.has(kind), { expected: "a kind of event of a later release" })
)

export const RunnerPhaseEvent = Schema.Union([
  open({
    kind: Schema.Literal("started"),
    phase_id: Schema.String,
    attempt: Schema.Natural,
    ts: Schema.String
  }),
  open({
    kind: Schema.Literal("decision"),
    phase_id: Schema.String,
    verdict: Schema.String,
    confidence: maybe(Schema.Finite),
    ts: Schema.String
  }),
  open({ kind: Schema.Literal("completed"), phase_id: Schema.String, status: Schema.String, ts: Schema.String }),
  open({ kind: OtherEvent })
])
export type RunnerPhaseEvent = typeof RunnerPhaseEvent.Type

export const WorkflowExecuted = open({
  workflow_id: Schema.String,
  workflow_ref: Schema.String,
  /** Open: what is not known counts as running. */
  workflow_status: Schema.String,
  subject_id: Schema.String,
  execution_cwd: Schema.String,
  phases_requested: rows(Schema.String),
  phases_completed: Schema.Natural,
  phases_total: Schema.Natural,
  total_duration_secs: Schema.Finite,
  phase_results: rows(open({
    phase_id: Schema.String,
    status: RunnerPhaseStatus,
    duration_secs: Schema.Finite,
    outcome: JsonOrNull,
    metadata: JsonOrNull,
    next_phase_id: maybe(Schema.String),
    close_reason: maybe(Schema.String)
  })),
  post_success: JsonOrNull,
  success: Schema.Boolean,
  phase_events: orElse(Schema.Array(RunnerPhaseEvent), [])
})
export type WorkflowExecuted = typeof WorkflowExecuted.Type

export const RunPhase = open({
  ...shared,
  execution_cwd: Schema.String,
  workflow_id: Schema.String,
  workflow_ref: Schema.String,
  subject_id: Schema.String,
  subject_title: Schema.String,
  subject_description: Schema.String,
  phase_id: Schema.String,
  phase_attempt: Schema.Natural,
  model_override: maybe(Schema.String),
  tool_override: maybe(Schema.String),
  task_complexity: maybe(Schema.String),
  rework_context: maybe(Json),
  pipeline_vars: orElse(JsonObject, {}),
  dispatch_input: maybe(Json),
  schedule_input: maybe(Json),
  /** Ours: what exactly is to be launched, and by which name its output tells that it belongs to it. */
  launch: maybe(PhaseLaunch),
  launch_id: maybe(Schema.String)
})
export type RunPhase = typeof RunPhase.Type

export const PhaseRan = open({
  phase_status: RunnerPhaseStatus,
  duration_secs: Schema.Finite,
  outcome: PhaseOutcome,
  metadata: JsonOrNull,
  signals: orElse(Schema.Array(Json), []),
  model: maybe(Schema.String),
  tool: maybe(Schema.String)
})
export type PhaseRan = typeof PhaseRan.Type

/** The methods of the kind, each with what it takes and answers. */
export const WorkflowRunnerMethods = {
  "workflow/execute": { params: ExecuteWorkflow, result: WorkflowExecuted },
  "workflow/run_phase": { params: RunPhase, result: PhaseRan }
} as const

const able = orElse(Schema.Boolean, false)

/** `kind_capabilities.workflow_runner.extra` (plugin protocol, workflow_runner). */
export const WorkflowRunnerCapabilities = open({
  phase_decision_parsing: able,
  rework_context_support: able,
  post_success_actions: able,
  crash_recovery: able,
  manual_pause_support: able
})
export type WorkflowRunnerCapabilities = typeof WorkflowRunnerCapabilities.Type
