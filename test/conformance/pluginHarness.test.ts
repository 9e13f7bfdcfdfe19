import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import * as ProcessTableMemory from "../../layers/ProcessTableMemory.ts"
import { examine } from "../../src/conformance/Conformance.ts"
import { definePlugin, notifier, type Part, serve, tools } from "../../src/sdk/Sdk.ts"

const quiet = notifier({ open: () => Effect.succeed({ notify: () => Effect.succeed({ accepted: true }) }) })
const greeter = tools([{ name: "greet", call: () => Effect.succeed("hello") }])

const report = (serves: ReadonlyArray<Part>, only?: ReadonlyArray<string>) => {
  const plugin = definePlugin({
    manifest: {
      name: "animus-test",
      version: "0.1.0",
      plugin_kind: "notifier",
      plugin_kinds: ["custom"],
      description: "for tests"
    },
    serves
  })
  const processes = PluginProcessMemory.layer({ test: () => serve(plugin) })
  return examine({ target: { label: "test", command: ["test"], env: {} }, cookie: "test", only }).pipe(
    Effect.provide(Layer.mergeAll(processes, ProcessTableMemory.layer, NodeServices.layer))
  )
}

describe("the harness", () => {
  it.live("examines every kind of a plugin, without a process", () =>
    Effect.gen(function*() {
      const { cases, plugin, summary } = yield* report([quiet, greeter])
      assert.deepStrictEqual(cases.filter(({ status }) => status === "fail"), [])
      assert.deepStrictEqual(plugin, { name: "animus-test", version: "0.1.0", kinds: ["notifier", "custom"] })
      const passed = cases.filter(({ status }) => status === "pass").map(({ id }) => id)
      assert.includeMembers(passed, ["methods.notifier/notify", "tool.greet", "wire.frames", "lifecycle.eof"])
      assert.strictEqual(summary.passed + summary.skipped, cases.length)
      const skipped = cases.filter(({ status }) => status === "skip")
      assert.isTrue(skipped.every(({ reason }) => reason !== undefined && reason !== ""))
    }))

  it.live("asks only what it is told to, and what that needs", () =>
    Effect.gen(function*() {
      const { cases } = yield* report([quiet], ["lifecycle.shutdown-eof"])
      assert.deepStrictEqual(cases.map(({ id }) => id), [
        "lifecycle.handshake",
        "lifecycle.shutdown",
        "lifecycle.eof",
        "lifecycle.shutdown-eof"
      ])
    }))
})
