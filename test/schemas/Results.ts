/** What every method of every kind answers, written from the text of the protocol. See `Samples.ts`. */
import { DurableStoreMethods } from "../../schemas/DurableStore.ts"
import { LogStorageMethods } from "../../schemas/Log.ts"
import { MemoryStoreMethods } from "../../schemas/MemoryStore.ts"
import { NotifierMethods } from "../../schemas/Notifier.ts"
import { AgentCancelResult, AgentRespondResult, AgentRunResponse } from "../../schemas/Provider.ts"
import { QueueMethods } from "../../schemas/QueueStore.ts"
import { SubjectList, SubjectSchema } from "../../schemas/Subject.ts"
import { TransportMethods } from "../../schemas/Transport.ts"
import { TriggerMethods } from "../../schemas/Trigger.ts"
import { WorkflowRunnerMethods } from "../../schemas/WorkflowRunner.ts"
import { at, entry, queued, type Sample, sample, subject } from "./Samples.ts"

const response = {
  session_id: "s",
  exit_code: 0,
  output: "done",
  metadata: [{ method: "x", params: {} }],
  tool_calls: [{ name: "ls" }],
  tool_results: [{ name: "ls" }],
  thinking: ["hm"],
  errors: ["none"],
  duration_ms: 12,
  backend: "b",
  tokens_used: { input: 1, output: 2 },
  decision_verdict: "advance"
}

const executed = {
  workflow_id: "w",
  workflow_ref: "r",
  workflow_status: "completed",
  subject_id: "TASK-1",
  execution_cwd: "/r",
  phases_requested: ["one"],
  phases_completed: 1,
  phases_total: 1,
  total_duration_secs: 1.5,
  phase_results: [{ phase_id: "one", status: "completed", duration_secs: 1, outcome: null, metadata: {} }],
  post_success: null,
  success: true,
  phase_events: [{ kind: "started", phase_id: "one", attempt: 1, ts: at }]
}

const changed = "changed"
const wasChanged = { changed: true, not_found: true }

/** The result of every method that a plugin of a kind may answer. */
export const results: { readonly [method: string]: Sample } = {
  "agent/run": sample(AgentRunResponse, "session_id exit_code output duration_ms backend", response),
  "agent/resume": sample(AgentRunResponse, "session_id exit_code output duration_ms backend", response),
  "agent/cancel": sample(AgentCancelResult, "session_id cancelled", { session_id: "s", cancelled: true }),
  "agent/respond": sample(AgentRespondResult, "accepted", { accepted: true }),
  "subject/list": sample(SubjectList, "subjects", { subjects: [subject], next_cursor: "c", fetched_at: at }),
  "subject/schema": sample(SubjectSchema, "", {
    kinds: ["task"],
    status_values: ["ready"],
    supports_watch: true,
    supports_create: true,
    supports_delete: true,
    supports_pagination: true,
    native_status_values: ["Todo"],
    status_dispatch_hints: [{ native_status: "Todo", maps_to: "ready" }],
    custom_fields: [{ key: "team", type: "enum", values: ["x"] }]
  }),
  "trigger/watch": sample(TriggerMethods["trigger/watch"].result, "watching", { watching: true }),
  "trigger/ack": sample(TriggerMethods["trigger/ack"].result, "event_id acked", { event_id: "e", acked: true }),
  "trigger/schema": sample(TriggerMethods["trigger/schema"].result, "", {
    kinds: ["x"],
    supports_resume: true,
    supports_dedup: true,
    supports_ack: true
  }),
  "log_storage/store": sample(LogStorageMethods["log_storage/store"].result, "stored", { stored: 1 }),
  "log_storage/query": sample(LogStorageMethods["log_storage/query"].result, "entries", {
    entries: [entry],
    next_cursor: "c"
  }),
  "log_storage/tail": sample(LogStorageMethods["log_storage/tail"].result, "tailing", { tailing: true }),
  "log_storage/schema": sample(LogStorageMethods["log_storage/schema"].result, "", {
    supports_query: true,
    supports_tail: true,
    supports_dedup: true,
    supports_filtering: { by_level: true },
    max_query_window: 1000,
    retention_hint: 1000
  }),
  "transport/start": sample(TransportMethods["transport/start"].result, "bound_addr started_at", {
    bound_addr: "127.0.0.1:1",
    started_at: at
  }),
  "transport/shutdown": sample(TransportMethods["transport/shutdown"].result, "shutdown", { shutdown: true }),
  "transport/schema": sample(TransportMethods["transport/schema"].result, "", {
    kinds: ["http"],
    supports_streaming: true,
    supports_websocket: true,
    default_port: 8080
  }),
  "notifier/notify": sample(NotifierMethods["notifier/notify"].result, "accepted", {
    accepted: true,
    delivered: 1,
    lifecycle_events: [{ event_type: "sent", data: {} }]
  }),
  "notifier/flush": sample(NotifierMethods["notifier/flush"].result, "", {
    lifecycle_events: [{ event_type: "sent", data: {} }]
  }),
  "notifier/schema": sample(NotifierMethods["notifier/schema"].result, "", {
    connector_kinds: ["mail"],
    supports_flush: true
  }),
  "workflow/execute": sample(
    WorkflowRunnerMethods["workflow/execute"].result,
    "workflow_id workflow_ref workflow_status subject_id execution_cwd phases_requested phases_completed phases_total " +
      "total_duration_secs phase_results success",
    executed
  ),
  "workflow/run_phase": sample(
    WorkflowRunnerMethods["workflow/run_phase"].result,
    "phase_status duration_secs outcome",
    {
      phase_status: "completed",
      duration_secs: 1,
      outcome: { Completed: { commit_message: "c" } },
      metadata: {},
      signals: [],
      model: "m",
      tool: "t"
    }
  ),
  "queue/enqueue": sample(QueueMethods["queue/enqueue"].result, "enqueued entry_id subject_id", {
    enqueued: true,
    entry_id: "e",
    subject_id: "s",
    warning: "w"
  }),
  "queue/list": sample(QueueMethods["queue/list"].result, "entries total stats", {
    entries: [queued],
    total: 1,
    stats: { total: 1, pending: 1, assigned: 0, held: 0 }
  }),
  "queue/lease": sample(QueueMethods["queue/lease"].result, "leased", { leased: [queued] }),
  "queue/stats": sample(QueueMethods["queue/stats"].result, "total pending assigned held", {
    total: 1,
    pending: 1,
    assigned: 0,
    held: 0,
    deferred: 0
  }),
  "queue/hold": sample(QueueMethods["queue/hold"].result, changed, wasChanged),
  "queue/release": sample(QueueMethods["queue/release"].result, changed, wasChanged),
  "queue/drop": sample(QueueMethods["queue/drop"].result, changed, wasChanged),
  "queue/mark_assigned": sample(QueueMethods["queue/mark_assigned"].result, changed, wasChanged),
  "queue/completion": sample(QueueMethods["queue/completion"].result, changed, wasChanged),
  "queue/reorder": sample(QueueMethods["queue/reorder"].result, "reordered_count", { reordered_count: 1 }),
  "queue/release_pending": sample(QueueMethods["queue/release_pending"].result, "entry_id status", {
    entry_id: "e",
    status: "pending"
  }),
  "queue/next_deadline": sample(QueueMethods["queue/next_deadline"].result, "", { next_run_at: at }),
  "durable/begin_workflow_run": sample(DurableStoreMethods["durable/begin_workflow_run"].result, "epoch", { epoch: 1 }),
  "durable/begin_step": sample(DurableStoreMethods["durable/begin_step"].result, "step_id status", {
    step_id: "s",
    status: "prior_error",
    prior_output: {},
    prior_error: { code: 1, message: "m", details: {} },
    reservation_expires_at: at
  }),
  "durable/commit_step": sample(DurableStoreMethods["durable/commit_step"].result, "ack", { ack: true }),
  "durable/abandon_step": sample(DurableStoreMethods["durable/abandon_step"].result, "ack", { ack: true }),
  "durable/recover_in_flight": sample(DurableStoreMethods["durable/recover_in_flight"].result, "in_flight", {
    in_flight: [{ run_id: "r", phase_id: "p" }]
  }),
  "durable/query_run": sample(DurableStoreMethods["durable/query_run"].result, "run_id phase_id status steps", {
    run_id: "r",
    phase_id: "p",
    status: "success",
    steps: [{ step_id: "s", step_name: "n", idempotency_key: "k", committed_at: at, outcome: "success" }]
  }),
  "memory/put": sample(MemoryStoreMethods["memory/put"].result, "ack indexed_immediately", {
    ack: true,
    indexed_immediately: true,
    record_id: "r"
  }),
  "memory/get": sample(MemoryStoreMethods["memory/get"].result, "found", { found: true, value: { n: 1 } }),
  "memory/query": sample(MemoryStoreMethods["memory/query"].result, "results", {
    results: [{ key: "k", value: 1, score: 0.5 }]
  }),
  "memory/list_scopes": sample(MemoryStoreMethods["memory/list_scopes"].result, "scopes", {
    scopes: [{ project_id: "p", agent_id: "a", task_id: "t" }],
    next_cursor: "c"
  }),
  "memory/delete_scope": sample(MemoryStoreMethods["memory/delete_scope"].result, "ack", { ack: true })
}
