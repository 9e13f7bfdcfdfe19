import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { DaemonHealth, PluginHealth } from "../../schemas/Health.ts"
import { LogEntry, LogQuery } from "../../schemas/Log.ts"
import { HostCapabilities, InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import { PluginManifest, subjectKindsOf } from "../../schemas/PluginManifest.ts"
import { TriggerAck, TriggerEvent, TriggerEventParams } from "../../schemas/Trigger.ts"
import { roundTrip } from "./roundTrip.ts"

const manifest = {
  name: "animus-subject-default",
  version: "0.1.0",
  plugin_kind: "subject_backend",
  description: "tasks",
  protocol_version: "1.1.0",
  capabilities: ["task/list", "subject_kind:task", "subject_kind:requirement", "$harness/x"]
}

describe("PluginManifest", () => {
  it("keeps unknown kinds and keys, nested ones too", () => {
    const wire = {
      ...manifest,
      plugin_kind: "quantum_backend",
      plugin_kinds: ["one_more"],
      env_required: [{ name: "TOKEN", sensitive: true, required: true, vault: "kv/x" }],
      homepage: null,
      vendor: { tier: 1, tags: ["a"] }
    }
    expect(roundTrip(PluginManifest, wire)).toEqual(wire)
  })
  it("decodes defaults", () => {
    const { capabilities: _, ...bare } = manifest
    const read = Schema.decodeUnknownSync(PluginManifest)({
      ...bare,
      env_required: [{ name: "A" }],
      supports_mcp: null
    })
    expect(read).toEqual({
      ...bare,
      capabilities: [],
      env_required: [{ name: "A", sensitive: false, required: false }]
    })
  })
  it("tells the subject kinds it claims", () => {
    expect(subjectKindsOf(manifest)).toEqual(["task", "requirement"])
  })
  it("needs a description and whole numbers", () => {
    const decode = Schema.decodeUnknownSync(PluginManifest)
    const { description: _, ...bare } = manifest
    expect(() => decode(bare)).toThrow(/description/)
    expect(() => decode({ ...manifest, notification_buffer_size: "NaN" })).toThrow(/notification_buffer_size/)
    expect(() => decode({ ...manifest, notification_buffer_size: 1.5 })).toThrow(/notification_buffer_size/)
  })
})

describe("handshake", () => {
  it("keeps what a newer plugin adds", () => {
    const wire = {
      protocol_version: "1.4.0",
      plugin_info: { name: "x", version: "1.0.0", plugin_kind: "new_kind", build: "abc" },
      capabilities: { methods: ["a/b"], streaming: true, progress: false, cancellation: true, rewind: true },
      kind_capabilities: { queue: { crate_version: "0.3.2", extra: { max_lease_batch: 4 } } },
      session_token: "t"
    }
    expect(roundTrip(InitializeResult, wire)).toEqual(wire)
  })
  it("reads a result with the bare minimum", () => {
    const read = Schema.decodeUnknownSync(InitializeResult)({
      protocol_version: "1.0.0",
      plugin_info: { name: "x", version: "1", plugin_kind: "custom" },
      capabilities: {}
    })
    expect(read.capabilities).toEqual({ methods: [], streaming: false, progress: false, cancellation: false })
    expect("kind_capabilities" in read).toBe(false)
  })
  it("writes params exactly", () => {
    const params = InitializeParams.make({
      protocol_version: "1.1.0",
      host_info: { name: "animus", version: "0.1.0" },
      capabilities: HostCapabilities.make({ streaming: true, progress: true, cancellation: true })
    })
    expect(JSON.stringify(Schema.encodeSync(InitializeParams)(params))).toBe(
      `{"protocol_version":"1.1.0","host_info":{"name":"animus","version":"0.1.0"},` +
        `"capabilities":{"streaming":true,"progress":true,"cancellation":true}}`
    )
  })
})

describe("health", () => {
  it("reads nulls as unknown and keeps what is new", () => {
    const read = Schema.decodeUnknownSync(PluginHealth)({
      status: "healthy",
      uptime_ms: null,
      last_error: null,
      load: 0.5
    })
    expect(read).toEqual({ status: "healthy", load: 0.5 })
  })
  it("writes a daemon's rows", () => {
    const wire = {
      status: "degraded",
      plugins: [{ name: "p", kind: "provider", status: "unhealthy", last_error: "gone" }]
    }
    expect(roundTrip(DaemonHealth, wire)).toEqual(wire)
  })
})

describe("triggers", () => {
  it("reads a flat event and keeps its foreign keys", () => {
    const wire = { event_id: "e1", trigger_id: "t", action_hint: "sing", payload: [1], delivered_by: "hook" }
    expect(roundTrip(TriggerEvent, wire)).toEqual(wire)
    expect(Schema.decodeUnknownSync(TriggerEvent)({ event_id: "e2" })).toEqual({ event_id: "e2", payload: null })
  })
  it("tells a failed stream from an event", () => {
    const decode = Schema.decodeUnknownSync(TriggerEventParams)
    expect(decode({ error: { code: -32603, message: "lost" } })).toEqual({ error: { code: -32603, message: "lost" } })
    expect(decode({ event_id: "e" })).toEqual({ event_id: "e", payload: null })
    expect(() => decode({ id: "x", event: {} })).toThrow()
  })
  it("acks without a status", () => {
    expect(JSON.stringify(Schema.encodeSync(TriggerAck)({ event_id: "e" }))).toBe(`{"event_id":"e"}`)
  })
})

describe("log", () => {
  const entry = { id: "1", ts: "2026-01-01T00:00:00Z", level: "info", source: "plugin", target: "t", message: "m" }
  it("keeps unknown keys", () => {
    expect(roundTrip(LogEntry, { ...entry, trace_id: "x" })).toEqual({ ...entry, trace_id: "x" })
  })
  it("refuses an unknown level", () => {
    expect(() => Schema.decodeUnknownSync(LogEntry)({ ...entry, level: "loud" })).toThrow(/level/)
  })
  it("does not follow unless asked", () => {
    expect(Schema.decodeUnknownSync(LogQuery)({ limit: null })).toEqual({ follow: false })
  })
})
