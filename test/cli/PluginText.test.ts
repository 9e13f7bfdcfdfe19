import { assert, describe, it } from "@effect/vitest"
import { afterInstall, beforeUse, lockHint, toolsText, variablesText } from "../../src/cli/render/PluginText.ts"

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

describe("a plugin's variables", () => {
  const variables = [
    { name: "HUB_TOKEN", description: "to open\nissues", sensitive: true, required: true, set: false },
    { name: "HUB_URL", sensitive: false, required: false, set: true }
  ]

  it("are a table, a line each, without their values", () => {
    assert.deepStrictEqual(variablesText(variables), [
      "",
      "VARIABLE   IS                 FOR",
      "HUB_TOKEN  required, not set  to open issues",
      "HUB_URL    optional, set      -"
    ])
    assert.deepStrictEqual([variablesText([]), variablesText()], [[], []])
  })

  it("are followed by what to type when a required one is not set, after an install", () => {
    const installed = (variables: Parameters<typeof variablesText>[0] = []) => beforeUse({ variables })
    assert.strictEqual(
      installed(variables).at(-1),
      "set what it requires, with a value of yours: " +
        "export HUB_TOKEN=VALUE; animus daemon stop && animus daemon start"
    )
    assert.deepStrictEqual(installed(variables.slice(1)), variablesText(variables.slice(1)))
    assert.deepStrictEqual(installed(), [])
  })
})

describe("what is said after an install", () => {
  const release = {
    version: "1",
    artifact_sha256: "a".repeat(64),
    entry: "x",
    source_kind: "path" as const,
    source: "/x",
    pinned: false,
    installed_at: "",
    signature_status: "unsigned" as const
  }
  const after = (kinds: ReadonlyArray<string>, previous: ReadonlyArray<typeof release>, unchanged = false) =>
    afterInstall({
      plugin: { ...release, name: "p", installed_kind: "custom", previous },
      kinds,
      unchanged,
      repaired: false,
      signature: { status: "unsigned", detail: "" },
      variables: []
    })

  it("is what a daemon that runs needs to hear, and nothing when it needs to hear nothing", () => {
    assert.deepStrictEqual(after(["custom"], []), [])
    assert.deepStrictEqual(after(["trigger_backend"], [release], true), [])
    assert.match(after(["custom", "trigger_backend"], []).join(), /animus daemon stop && animus daemon start/)
    assert.match(after(["trigger_backend"], [release]).join(), /animus plugin restart p$/)
  })

  it("and in lists, is where to look when it would not be started", () => {
    assert.deepStrictEqual(lockHint({ ...plugin, lock_state: "intact" }), [])
    assert.match(lockHint({ ...plugin, lock_state: "mismatch" }).join(), /animus plugin doctor/)
  })
})
