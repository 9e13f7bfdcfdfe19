import { assert, describe, it } from "@effect/vitest"
import { toolsText } from "../../src/cli/render/PluginText.ts"

const plugin = { name: "p", version: "1", kind: "custom", signature_verified: false }

describe("a plugin's tools", () => {
  it("are a table, a line each whatever a stranger calls them, and say whose name is taken", () => {
    const mcp_tools = [
      { name: "dig\u001b[2J", description: "digs\ndeep\u202e" },
      { name: "sow", description: "sows", taken_by: "other" }
    ]
    assert.deepStrictEqual(toolsText({ ...plugin, mcp_tools }), [
      "",
      "TOOL  FOR AGENTS",
      "dig   digs deep",
      "sow   not offered: plugin other has a tool of this name"
    ])
  })

  it("are not mentioned of a plugin that has none", () => {
    assert.deepStrictEqual([toolsText(plugin), toolsText({ ...plugin, mcp_tools: [] })], [[], []])
  })
})
