import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
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

const never = {
  program: serving(() => Effect.void, { mcp_tools: [{ name: "hum" }] }),
  facts: { capabilities: [] } satisfies Partial<PluginManifest>
}

const hanging = { ...toolbox([]), program: () => Effect.never }

describe("PluginTools", () => {
  it.effect("says of one plugin what it declares, and of whose tools another has the name", () =>
    Effect.gen(function*() {
      const tools = yield* PluginTools
      const host = yield* PluginHost
      const named = (plugin: string) =>
        Effect.map(tools.declaredBy(plugin), (all) => all?.map(({ holder, tool }) => [tool.name, holder]))
      assert.deepStrictEqual(yield* named("one"), [["look", undefined]])
      assert.deepStrictEqual(yield* named("two"), [["look", "one"], ["sing", undefined]])
      // Its manifest does not say that it has some, so nobody starts it for that.
      assert.isUndefined(yield* named("never"))
      assert.strictEqual((yield* host.status("never")).state, "idle")
      assert.isUndefined(yield* named("nobody"))
      const looking = yield* Effect.forkChild(named("hanging"), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(yield* Fiber.join(looking))
    }).pipe(Effect.provide(PluginTools.layer.pipe(
      Layer.provideMerge(
        hostsOf({ one: toolbox(["look"]), two: toolbox(["look", "sing"]), never, hanging })
      ),
      Layer.provide(Notifications.layer)
    ))))

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
