import { describe, expect, it } from "@effect/vitest"
import { Context, Runtime, Schema } from "effect"
import { RpcSchema } from "effect/rpc"
import { Category } from "../../schemas/Category.ts"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import { ControlError, fromErrorObject, toErrorObject } from "../../schemas/control/ControlError.ts"
import { WorkflowEvent } from "../../schemas/control/Events.ts"
import { NotificationMethod } from "../../schemas/control/Watch.ts"
import { roundTrip } from "./roundTrip.ts"

const at = "2026-01-01T00:00:00Z"
const bare = { id: "task:1", kind: "task", title: "t", status: "ready", created_at: at, updated_at: at }

const rpcs = ControlApi.requests
const codecs = (method: string) => {
  const rpc = rpcs.get(method)
  if (rpc === undefined) throw new Error(`no such method: ${method}`)
  const success = RpcSchema.isStreamSchema(rpc.successSchema) ? rpc.successSchema.success : rpc.successSchema
  return { payload: Schema.toCodecJson(rpc.payloadSchema), success: Schema.toCodecJson(success) }
}

describe("the surface", () => {
  it("has these methods", () => {
    expect([...rpcs.keys()].toSorted()).toEqual([
      "agent/cancel",
      "agent/launch",
      "agent/respond",
      "agent/run",
      "agent/status",
      "agent/watch",
      "daemon/agents",
      "daemon/events",
      "daemon/health",
      "daemon/logs",
      "daemon/metrics",
      "daemon/nudge",
      "daemon/pause",
      "daemon/resume",
      "daemon/start",
      "daemon/status",
      "daemon/stop",
      "plugin/call",
      "plugin/info",
      "plugin/list",
      "plugin/orphans",
      "plugin/ping",
      "plugin/restart",
      "plugin/status",
      "plugin/stop",
      "queue/drop",
      "queue/enqueue",
      "queue/hold",
      "queue/list",
      "queue/release",
      "queue/reorder",
      "queue/stats",
      "subject/create",
      "subject/get",
      "subject/list",
      "subject/next",
      "subject/status",
      "subject/update",
      "subject/watch",
      "trigger/fire",
      "workflow/approve",
      "workflow/bulk",
      "workflow/cancel",
      "workflow/events",
      "workflow/execute",
      "workflow/fork",
      "workflow/get",
      "workflow/list",
      "workflow/pause",
      "workflow/prune",
      "workflow/reject",
      "workflow/resume",
      "workflow/retry",
      "workflow/run"
    ])
  })
  it("says under which name each stream notifies, and that only streams do", () => {
    const streams = [...rpcs].filter(([, rpc]) => RpcSchema.isStreamSchema(rpc.successSchema))
    const named = [...rpcs].map(([tag, rpc]) => [tag, Context.get(rpc.annotations, NotificationMethod)] as const)
    expect(Object.fromEntries(named.filter(([, name]) => name !== ""))).toEqual({
      "agent/launch": "agent/heard",
      "agent/watch": "agent/output",
      "subject/watch": "subject/changed",
      "daemon/events": "daemon/event",
      "daemon/logs": "daemon/log",
      "workflow/events": "workflow/event"
    })
    expect(streams.length).toBe(6)
  })
})

/** What the wire says, and what a strict reader and writer of ours make of it: the same, unless a third is given. */
const payloads: ReadonlyArray<readonly [method: string, wire: unknown, again?: unknown]> = [
  ["daemon/status", {}],
  ["daemon/stop", { timeout_seconds: 5 }],
  ["daemon/logs", { level: "warn" }, { level: "warn", follow: false }],
  ["daemon/logs", { since: at, follow: true }],
  ["daemon/logs", { since: "2026-01-01T02:00:00.5+02:00", follow: true }],
  ["subject/list", { filter: { kind: ["task"] } }],
  ["subject/list", { filter: null }, {}],
  ["subject/list", { filter: { kind: ["task"], status: [] } }, { filter: { kind: ["task"] } }],
  ["workflow/events", { kinds: [] }, {}],
  ["subject/update", { id: "task:1", patch: { assignee: null, labels_add: ["a"] } }],
  ["queue/enqueue", { task_id: "task:1" }, { task_id: "task:1", priority: 2 }],
  ["queue/reorder", { id: "q", anchor_id: "r", position: "before", subject_ids: [] }, {
    id: "q",
    anchor_id: "r",
    position: "before"
  }],
  ["workflow/run", { task_id: "task:1" }, { task_id: "task:1", params: {} }],
  ["workflow/execute", { definition: "d", params: { vars: { a: "1" } } }],
  ["workflow/approve", { id: "w", phase: "review", note: "fine" }],
  ["workflow/events", { workflow_id: "w", kinds: ["phase_started", "never_heard_of"] }],
  ["agent/run", { provider: "p", model: "m", prompt: "x" }, { provider: "p", model: "m", prompt: "x", env: {} }],
  ["plugin/call", { name: "p", method: "m" }, { name: "p", method: "m", params: null }],
  ["plugin/list", {}, { include_warnings: false }]
]

const answers: ReadonlyArray<readonly [method: string, wire: unknown, again?: unknown]> = [
  ["daemon/status", { running: true, pid: 7, uptime_seconds: 1, version: "0.1.0" }],
  ["daemon/stop", {}],
  ["daemon/events", { watching: true }],
  ["daemon/events", { id: "1", occurred_at: at, kind: "never-heard-of", payload: { a: 1 } }],
  ["daemon/logs", { id: "1", ts: at, level: "info", source: "daemon", target: "t", message: "m", extra: 1 }],
  ["subject/get", { ...bare, foreign: [1] }],
  ["subject/next", {}],
  ["subject/next", { subject: bare }],
  ["subject/watch", { id: "task:1", change_kind: "updated", subject: bare }],
  ["queue/list", { entries: [{ id: "q", subject_id: "s", status: "in-flight", priority: 2, enqueued_at: at }] }],
  ["workflow/run", { workflow_id: "w", status: "pending", started_at: at }],
  ["workflow/get", { id: "w", definition: "d", status: "paused", started_at: at, detail: { state: "escalated" } }],
  ["workflow/events", { workflow_id: "w", kind: "decision_needed", payload: { phase_id: "review" }, occurred_at: at }],
  ["agent/run", { session_id: "s", model: "m", output: "o", usage: { prompt_tokens: 1, completion_tokens: 2 } }],
  ["plugin/ping", { ok: true, latency_ms: 0.4 }],
  ["plugin/call", [1, { a: null }]]
]

describe("shapes", () => {
  for (const [method, wire, again = wire] of payloads) {
    it(`params of ${method}: ${JSON.stringify(wire)}`, () => {
      expect(roundTrip(codecs(method).payload, wire)).toEqual(again)
    })
  }
  for (const [method, wire, again = wire] of answers) {
    it(`answer of ${method}: ${JSON.stringify(wire)}`, () => {
      expect(roundTrip(codecs(method).success, wire)).toEqual(again)
    })
  }
  it.each<readonly [string, unknown]>([
    ["subject/get", {}],
    ["queue/enqueue", { task_id: "t", priority: 9 }],
    ["queue/reorder", { position: "sideways" }],
    ["workflow/list", { status: "escalated" }],
    ["workflow/list", { limit: "NaN" }],
    ["workflow/reject", { id: "w" }],
    ["daemon/stop", { timeout_seconds: -1 }],
    ["daemon/logs", { since: "yesterday" }]
  ])("params of %s are refused: %j", (method, wire) => {
    expect(() => roundTrip(codecs(method).payload, wire)).toThrow()
  })
  it("an event without payload has a null one", () => {
    const wire = { workflow_id: "w", kind: "k", occurred_at: at }
    expect(Schema.decodeUnknownSync(WorkflowEvent)(wire)).toEqual({ ...wire, payload: null })
  })
})

describe("ControlError", () => {
  it("is written with its category, details beside it", () => {
    const error = new ControlError({ category: "conflict", message: "already running", data: { run: "w" } })
    expect(toErrorObject(error)).toEqual({
      code: -32600,
      message: "already running",
      data: { run: "w", category: "conflict" }
    })
    expect(error[Runtime.errorExitCode]).toBe(4)
  })
  it("does not let details replace the category", () => {
    const error = new ControlError({ category: "internal", message: "m", data: { category: "not_found" } })
    expect(toErrorObject(error).data).toEqual({ category: "internal" })
  })
  it("keeps its category and code through the wire", () => {
    const wanted = [-32602, -32602, -32600, -32603, -32001, -32600, -32603]
    const order = [
      "not_found",
      "invalid_request",
      "permission_denied",
      "unavailable",
      "not_supported",
      "conflict",
      "internal"
    ]
    expect(Category.literals.map((category) => toErrorObject(new ControlError({ category, message: "" })).code))
      .toEqual(Category.literals.map((category) => wanted[order.indexOf(category)]))
  })
  it.prop("reads back what it wrote", {
    category: Category,
    code: Schema.Int,
    message: Schema.String,
    problem: Schema.Json
  }, ({ category, code, message, problem }) => {
    const wire = toErrorObject(new ControlError({ category, message, code, data: { problem } }))
    expect(toErrorObject(fromErrorObject(wire))).toEqual(wire)
    expect(fromErrorObject(wire).category).toBe(category)
  })
  it("guesses from the code when there is no category we know", () => {
    const category = (code: number, data?: Schema.Json) =>
      fromErrorObject({ code, message: "m", ...(data === undefined ? {} : { data }) }).category
    expect([category(-32601), category(-32602), category(-32603), category(-32001), category(-32000), category(7, "x")])
      .toEqual(["not_supported", "invalid_request", "internal", "not_supported", "unavailable", "internal"])
    expect(category(-32602, { category: "haunted" })).toBe("invalid_request")
  })
})
