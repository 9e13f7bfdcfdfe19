/** `plugin/*` as a person meets them: through the client and the codec, over a catalog and a host that are functions. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import * as ProcessTableMemory from "../../layers/ProcessTableMemory.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { RequestTimedOut } from "../../schemas/errors/PluginErrors.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { PluginHandlers } from "../../src/control/handlers/PluginHandlers.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { idleStatus } from "../../src/plugin/PluginStatus.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { PluginTools } from "../../src/tools/PluginTools.ts"
import { manifest } from "../plugin/scripted.ts"
import * as Doubles from "./Doubles.ts"

const wanted: PluginManifest["env_required"] = [
  { name: "HUB_TOKEN", description: "to open issues", sensitive: true, required: true },
  { name: "x; reboot", sensitive: false, required: true },
  { name: "HUB_URL", sensitive: false, required: false },
  { name: "ANIMUS_COOKIE", sensitive: false, required: true }
]

const installed = (name: string, facts: Partial<PluginManifest> = {}) => ({
  name,
  path: `/plugins/${name}`,
  source: "user_dir" as const,
  manifest: { ...manifest, name, ...facts }
})

const met: PluginManifest["env_required"] = [{ name: "PORT", sensitive: false, required: true }, ...wanted.slice(2)]

const plugins = [
  installed("poor", { env_required: wanted }),
  installed("equipped", { env_required: met }),
  installed("rich", { plugin_kind: "custom", plugin_kinds: ["custom", "notifier"], capabilities: ["notify/send"] }),
  installed("plain")
]

const skipped = {
  name: "loose",
  path: "/plugins/loose",
  source: "project_local" as const,
  reason: "it is not trusted"
}

const layer = ControlClient.layer.pipe(
  Layer.provide(ControlMemory.layer),
  Layer.provide(ControlServer.layer),
  Layer.provide(PluginHandlers),
  Layer.provide(Layer.unwrap(Effect.map(Doubles.steering, Doubles.handlers))),
  Layer.provide([
    Layer.succeed(PluginCatalog, PluginCatalog.fromDiscovery(Effect.succeed({ plugins, warnings: [skipped] }))),
    Layer.mock(PluginHost, {
      call: (plugin, method, _, { timeout = 0 } = {}) =>
        method === "$/ping" && plugin !== "plain"
          ? Effect.fail(new RequestTimedOut({ plugin, method, millis: timeout }))
          : Effect.succeed({ method, timeout }),
      status: (name) => Effect.succeed({ ...idleStatus(name), state: name === "rich" ? "running" : "starting" })
    }),
    Layer.mock(PluginTools, {
      declaredBy: (plugin) =>
        Effect.succeed(
          plugin === "rich"
            ? [{ tool: { name: "dig", description: "digs" }, holder: undefined }, {
              tool: { name: "sow" },
              holder: "p"
            }]
            : undefined
        )
    }),
    PluginLock.layerOpen,
    ProcessTableMemory.layer,
    Layer.succeed(HostEnvironment, { env: { PORT: "1" }, cookie: "c", generation: "2" })
  ])
)

const controlError = (error: { readonly _tag: string }): ControlError =>
  error instanceof ControlError ? error : assert.fail(`not an answer of the daemon: ${error._tag}`)

describe("a plugin whose required variables the daemon lacks", () => {
  for (const verb of ["plugin/info", "plugin/ping", "plugin/call"] as const) {
    it.effect(`is refused by ${verb}, with what to type`, () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const error = controlError(yield* Effect.flip(control[verb]({ name: "poor", method: "health/check" })))
        assert.strictEqual(error.category, "unavailable")
        assert.strictEqual(
          error.message,
          "plugin poor needs HUB_TOKEN (to open issues), x; reboot, which the daemon's environment lacks. " +
            "Type: export HUB_TOKEN=VALUE; animus daemon stop && animus daemon start"
        )
        assert.deepStrictEqual(error.data, {
          error: "VariablesMissing",
          plugin: "poor",
          variables: ["HUB_TOKEN", "x; reboot"]
        })
        yield* control[verb]({ name: "rich", method: "health/check" })
      }).pipe(Effect.provide(layer)))
  }
})

describe("a plugin that was found and skipped", () => {
  for (const verb of ["plugin/info", "plugin/ping", "plugin/call", "plugin/status", "plugin/restart"] as const) {
    it.effect(`is not unknown to ${verb}: the reason is the answer`, () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const error = controlError(yield* Effect.flip(control[verb]({ name: "loose", method: "health/check" })))
        assert.strictEqual(error.category, "not_found")
        assert.strictEqual(error.message, "plugin loose was found and skipped: /plugins/loose: it is not trusted")
        const other = controlError(yield* Effect.flip(control[verb]({ name: "nobody", method: "health/check" })))
        assert.include(other.message, "no plugin is named nobody")
      }).pipe(Effect.provide(layer)))
  }
})

describe("plugin/call", () => {
  it.effect("waits as long as the caller says, and as long as the host does when nothing is said", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const call = { name: "plain", method: "work", params: null }
      assert.deepStrictEqual(yield* control["plugin/call"](call), { method: "work", timeout: 0 })
      const timeout_secs = 600
      assert.deepStrictEqual(yield* control["plugin/call"]({ ...call, timeout_secs }), {
        method: "work",
        timeout: 600_000
      })
    }).pipe(Effect.provide(layer)))
})

describe("plugin/ping", () => {
  it.effect("says whether it answers, and of one that does not what to do about it", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      assert.isTrue((yield* control["plugin/ping"]({ name: "plain" })).ok)
      const silent = yield* control["plugin/ping"]({ name: "rich" })
      assert.isFalse(silent.ok)
      assert.match(silent.error ?? "", /^plugin rich did not answer within 5000 ms\. .*: animus plugin restart rich$/)
      const { error = "" } = yield* control["plugin/ping"]({ name: "equipped" })
      assert.match(error, /^plugin equipped is still starting, .*: animus plugin status equipped$/)
    }).pipe(Effect.provide(layer)))
})

describe("plugin/info", () => {
  it.effect("names the variables that it asks for, and which of them the daemon has, but never our own mark", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const { env_required } = yield* control["plugin/info"]({ name: "equipped" })
      assert.deepStrictEqual(env_required, [
        { name: "PORT", sensitive: false, required: true, set: true },
        { name: "HUB_URL", sensitive: false, required: false, set: false }
      ])
      assert.deepStrictEqual((yield* control["plugin/info"]({ name: "plain" })).env_required, [])
      const { capabilities, kinds } = yield* control["plugin/info"]({ name: "rich" })
      assert.deepStrictEqual([kinds, capabilities], [["custom", "notifier"], ["notify/send"]])
    }).pipe(Effect.provide(layer)))

  it.effect("names the tools for agents, and whose name another plugin has", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const { mcp_tools } = yield* control["plugin/info"]({ name: "rich" })
      assert.deepStrictEqual(mcp_tools, [{ name: "dig", description: "digs" }, { name: "sow", taken_by: "p" }])
      assert.notProperty(yield* control["plugin/info"]({ name: "plain" }), "mcp_tools")
    }).pipe(Effect.provide(layer)))
})
