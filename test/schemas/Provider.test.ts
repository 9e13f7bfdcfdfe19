import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { AgentRunRequest, AgentRunResponse, decodeAgentNotification } from "../../schemas/Provider.ts"
import { roundTrip } from "./roundTrip.ts"

describe("AgentRunRequest", () => {
  it("keeps the keys of providers we do not know", () => {
    const wire = {
      prompt: "p",
      cwd: "/r",
      control_session_id: "c",
      env: { A: "1" },
      runtime_contract: { cli: { launch: { env: {} } } },
      temperature: 0.2,
      nested: { a: [null] }
    }
    expect(roundTrip(AgentRunRequest, wire)).toEqual(wire)
  })
  it("needs a prompt and a folder, and fills in env", () => {
    const decode = Schema.decodeUnknownSync(AgentRunRequest)
    expect(decode({ prompt: "p", cwd: "/r", model: null })).toEqual({ prompt: "p", cwd: "/r", env: {} })
    expect(() => decode({ prompt: "p" })).toThrow(/cwd/)
    expect(() => decode({ prompt: "p", cwd: "/r", timeout_secs: "Infinity" })).toThrow(/timeout_secs/)
  })
})

describe("AgentRunResponse", () => {
  it("keeps unknown keys", () => {
    const wire = {
      session_id: "s",
      exit_code: 0,
      output: "done",
      duration_ms: 12.5,
      backend: "exec",
      tokens_used: { input: 1, output: 2, thinking: 3 },
      cost: 4
    }
    expect(roundTrip(AgentRunResponse, wire)).toEqual(wire)
  })
})

describe("decodeAgentNotification", () => {
  const s = { session_id: "s" }
  it("tags every known method and fills in its defaults", () => {
    const seen = [
      decodeAgentNotification("agent/output", { ...s, text: "a" }),
      decodeAgentNotification("agent/thinking", { ...s, text: "b" }),
      decodeAgentNotification("agent/toolCall", { ...s, name: "ls", arguments: { p: 1 }, server: "fs" }),
      decodeAgentNotification("agent/toolResult", { ...s, name: "ls", output: "x" }),
      decodeAgentNotification("agent/error", { ...s, message: "m" }),
      decodeAgentNotification("agent/interactionRequested", {
        ...s,
        interaction_id: "i",
        kind: "approval",
        payload: {}
      })
    ]
    expect(seen).toEqual([
      { _tag: "Output", ...s, text: "a", final: false },
      { _tag: "Thinking", ...s, text: "b" },
      { _tag: "ToolCall", ...s, name: "ls", arguments: { p: 1 }, server: "fs" },
      { _tag: "ToolResult", ...s, name: "ls", output: "x", success: true },
      { _tag: "Error", ...s, message: "m", recoverable: true },
      { _tag: "InteractionRequested", ...s, interaction_id: "i", kind: "approval", payload: {} }
    ])
  })
  it("hands unknown methods on as metadata, whole", () => {
    const params = { ...s, id: 3, value: { pct: 10 } }
    expect(decodeAgentNotification("$/progress", params))
      .toEqual({ _tag: "Metadata", session_id: "s", method: "$/progress", params })
    expect(decodeAgentNotification("agent/dance", undefined))
      .toEqual({ _tag: "Metadata", method: "agent/dance", params: undefined })
  })
  it("hands malformed ones on as metadata rather than losing them", () => {
    const params = { ...s, text: 3 }
    expect(decodeAgentNotification("agent/output", params))
      .toEqual({ _tag: "Metadata", session_id: "s", method: "agent/output", params })
  })
  it("cannot be told its own tag by a plugin", () => {
    expect(decodeAgentNotification("agent/output", { ...s, text: "a", _tag: "Error" })._tag).toBe("Output")
  })
  it.prop("never throws", { method: Schema.String, params: Schema.Json }, ({ method, params }) => {
    for (const name of [method, "agent/output", "agent/toolResult"]) {
      expect(decodeAgentNotification(name, params)).toHaveProperty("_tag")
    }
  })
})
