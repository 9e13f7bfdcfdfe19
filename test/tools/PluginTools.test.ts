import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginTools, register } from "../../src/tools/PluginTools.ts"
import { answer, serving } from "../plugin/scripted.ts"
import { hostsOf } from "./Hosts.ts"

describe("register", () => {
  it("gives a name to the first who asks for it, and says who keeps it", () => {
    const first = register(new Map(), "a", [{ name: "look" }, { name: "find" }])
    const second = register(first.registry, "b", [{ name: "find" }, { name: "sing" }])
    assert.deepStrictEqual(first.refused, [])
    assert.deepStrictEqual(second.refused.map(({ plugins, tool }) => [tool, plugins]), [["find", ["a", "b"]]])
    assert.include(second.refused[0]?.message, "animus plugin uninstall")
    assert.deepStrictEqual([...second.registry].map(([name, { plugin }]) => [name, plugin]), [
      ["look", "a"],
      ["find", "a"],
      ["sing", "b"]
    ])
  })

  it("replaces what a plugin offered before its restart", () => {
    const first = register(new Map(), "a", [{ name: "look" }])
    assert.deepStrictEqual([...register(first.registry, "a", [{ name: "see" }]).registry.keys()], ["see"])
  })
})

const toolbox = (names: ReadonlyArray<string>) => ({
  program: serving(({ id, params }, { say }) => id === undefined ? Effect.void : say(answer(id, { got: params })), {
    mcp_tools: names.map((name) => ({ name }))
  }),
  facts: { capabilities: ["mcp/tool_call"] } satisfies Partial<PluginManifest>
})

describe("PluginTools", () => {
  it.effect("collects what plugins offer, and sends a call to who offers it", () =>
    Effect.gen(function*() {
      const tools = yield* PluginTools
      assert.deepStrictEqual((yield* tools.tools).map(({ plugin, tool }) => [plugin, tool.name]), [
        ["one", "look"],
        ["two", "sing"]
      ])
      assert.deepStrictEqual(yield* tools.call("sing", { loud: true }), {
        got: { name: "sing", arguments: { loud: true } }
      })
      const error = yield* Effect.flip(tools.call("dance", {}))
      assert.strictEqual(error._tag, "ToolNotFound")
      assert.include(error.message, "look, sing")
    }).pipe(Effect.provide(PluginTools.layer.pipe(
      Layer.provide(hostsOf({ one: toolbox(["look"]), two: toolbox(["look", "sing"]) })),
      Layer.provide(Notifications.layer)
    ))))
})
