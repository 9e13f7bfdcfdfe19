import { assert, describe, it } from "@effect/vitest"
import { knownTools, providerOf } from "../../src/agent/ProviderNames.ts"

const plugins = Object.entries({
  "animus-provider-exec": ["agent/run", "provider_tool:exec"],
  "animus-provider-oai": ["agent/run"],
  "my-own": ["agent/run", "provider_tool:special"],
  "no-provider": ["subject_kind:exec"]
}).map(([name, capabilities]) => ({
  name,
  path: `/plugins/${name}`,
  source: "user_dir" as const,
  manifest: { name, version: "1.0.0", plugin_kind: "x", description: "", protocol_version: "1.1.0", capabilities }
}))

describe("providerOf", () => {
  it.each([
    ["exec", "animus-provider-exec"],
    ["EXEC", "animus-provider-exec"],
    ["animus-provider-exec", "animus-provider-exec"],
    ["oai", "animus-provider-oai"],
    ["oai-runner", "animus-provider-oai"],
    ["animus-oai-runner", "animus-provider-oai"],
    ["special", "my-own"],
    ["my-own", "my-own"],
    ["provider-exec", undefined],
    ["", undefined]
  ])("%s -> %s", (tool, name) => assert.strictEqual(providerOf(plugins, tool)?.name, name))

  it("knows what there is", () => assert.deepStrictEqual(knownTools(plugins), ["exec", "oai", "special"]))
})
