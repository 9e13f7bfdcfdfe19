/** `workflow/*` (control protocol, workflow methods); `approve`, `reject`, `retry`, `fork`, `resume`'s `force` and `override` are ours. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { anyOf, Empty, Json, JsonObject, maybe, orElse } from "../Json.ts"
import { RunStatus } from "../RunEvent.ts"
import { TargetOverride } from "../Subject.ts"
import { BulkOp, BulkResult } from "./BulkRuns.ts"
import { Cancelled } from "./Cancelled.ts"
import { ControlError } from "./ControlError.ts"
import { WorkflowEvent } from "./Events.ts"
import { watch } from "./Watch.ts"

/** Where a run stands; an escalated one is `paused` here, its detail says more (control protocol, workflow methods). */
export const WorkflowStatus = Schema.Literals(["pending", "running", "paused", "completed", "failed", "cancelled"])
export type WorkflowStatus = typeof WorkflowStatus.Type

/** A run in a list (control protocol, workflow methods). */
export const WorkflowSummary = Schema.Struct({
  id: Schema.String,
  definition: Schema.String,
  status: WorkflowStatus,
  /** Ours, and finer: what a paused run waits for is told apart. */
  state: maybe(RunStatus),
  subject_id: maybe(Schema.String),
  started_at: Schema.String,
  finished_at: maybe(Schema.String)
})
export type WorkflowSummary = typeof WorkflowSummary.Type

/** A run by itself: its summary and whatever else is known, beside it (control protocol, workflow methods). */
export const WorkflowDetail = Schema.Struct({ ...WorkflowSummary.fields, detail: Json })
export type WorkflowDetail = typeof WorkflowDetail.Type

/** A page of runs (control protocol, workflow methods). */
export const WorkflowPage = Schema.Struct({
  runs: Schema.Array(WorkflowSummary),
  next_cursor: maybe(Schema.String),
  /** Ours, with the first page: runs that are kept but cannot be read. */
  unreadable: maybe(Schema.Array(Schema.Struct({ id: Schema.String, reason: Schema.String })))
})
export type WorkflowPage = typeof WorkflowPage.Type

/** The run that was begun (control protocol, workflow methods). */
export const WorkflowBegun = Schema.Struct({
  workflow_id: Schema.String,
  status: WorkflowStatus,
  started_at: Schema.String
})
export type WorkflowBegun = typeof WorkflowBegun.Type

const id = { id: Schema.String }
const gate = { ...id, phase: Schema.String, attempt: maybe(Schema.Natural), note: maybe(Schema.String) }

export class WorkflowRpcs extends RpcGroup.make(
  Rpc.make("workflow/list", {
    payload: {
      status: maybe(WorkflowStatus),
      state: maybe(RunStatus),
      cursor: maybe(Schema.String),
      limit: maybe(Schema.Natural)
    },
    success: WorkflowPage,
    error: ControlError
  }),
  Rpc.make("workflow/get", { payload: id, success: WorkflowDetail, error: ControlError }),
  Rpc.make("workflow/run", {
    payload: {
      task_id: Schema.String,
      definition: maybe(Schema.String),
      params: orElse(JsonObject, {}),
      override: maybe(TargetOverride),
      actor: maybe(Json)
    },
    success: WorkflowBegun,
    error: ControlError
  }),
  Rpc.make("workflow/execute", {
    payload: {
      definition: Schema.String,
      params: maybe(JsonObject),
      subject_id: maybe(Schema.String),
      override: maybe(TargetOverride),
      actor: maybe(Json)
    },
    success: WorkflowBegun,
    error: ControlError
  }),
  Rpc.make("workflow/pause", { payload: id, success: Empty, error: ControlError }),
  Rpc.make("workflow/resume", {
    payload: { ...id, feedback: maybe(Schema.String), force: orElse(Schema.Boolean, false) },
    success: Empty,
    error: ControlError
  }),
  Rpc.make("workflow/cancel", {
    payload: { ...id, reason: maybe(Schema.String) },
    success: Cancelled,
    error: ControlError
  }),
  Rpc.make("workflow/approve", { payload: gate, success: Empty, error: ControlError }),
  /** `to` is the phase that the run is sent back to; without it the run ends. */
  Rpc.make("workflow/reject", {
    payload: { ...gate, to: maybe(Schema.String) },
    success: Empty,
    error: ControlError
  }),
  Rpc.make("workflow/retry", {
    payload: { ...id, from: maybe(Schema.String), note: maybe(Schema.String) },
    success: Empty,
    error: ControlError
  }),
  /** `input` and `vars` are what is different in the new run; `from` is the phase it begins with. */
  Rpc.make("workflow/fork", {
    payload: {
      ...id,
      from: maybe(Schema.String),
      input: maybe(Json),
      vars: orElse(Schema.Record(Schema.String, Schema.String), {})
    },
    success: WorkflowBegun,
    error: ControlError
  }),
  /** Several runs by name, or all that the word can mean. */
  Rpc.make("workflow/bulk", {
    payload: {
      op: BulkOp,
      ids: orElse(Schema.Array(Schema.String), []),
      all: orElse(Schema.Boolean, false),
      dry_run: orElse(Schema.Boolean, false),
      reason: maybe(Schema.String)
    },
    success: BulkResult,
    error: ControlError
  }),
  /** Removes runs that have ended, for good; says only which they are unless `dry_run` is false. */
  Rpc.make("workflow/prune", {
    payload: {
      status: orElse(Schema.Array(Schema.Literals(["completed", "failed", "cancelled"])), []),
      before: maybe(Schema.String),
      keep: orElse(Schema.Natural, 0),
      dry_run: orElse(Schema.Boolean, true)
    },
    success: BulkResult,
    error: ControlError
  }),
  watch("workflow/events", {
    payload: {
      workflow_id: maybe(Schema.String),
      kinds: anyOf(Schema.String),
      /** A cursor of the run (0 for all of it): its journal from there on, `synced`, then what happens. */
      after: maybe(Schema.Union([Schema.String, Schema.Natural]))
    },
    notification: "workflow/event",
    element: WorkflowEvent
  })
) {}
