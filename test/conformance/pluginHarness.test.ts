import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import * as ProcessTableMemory from "../../layers/ProcessTableMemory.ts"
import { examine } from "../../src/conformance/Conformance.ts"
import { Examiner, makeNotes } from "../../src/conformance/Notes.ts"
import type { Report } from "../../src/conformance/Report.ts"
import {
  definePlugin,
  methods,
  notifier,
  type Part,
  type Plugin,
  provider,
  type ProviderOptions,
  serve,
  tools
} from "../../src/sdk/Sdk.ts"

const quiet = notifier({ open: () => Effect.succeed({ notify: () => Effect.succeed({ accepted: true }) }) })
const greeter = tools([{ name: "greet", call: () => Effect.succeed("hello") }])

const reportOf = (plugin: Plugin, only?: ReadonlyArray<string>, started: () => void = () => {}) => {
  const program = Effect.suspend(() => {
    started()
    return serve(plugin)
  })
  const processes = PluginProcessMemory.layer({ test: () => program })
  return examine({ target: { label: "test", command: ["test"], env: {} }, cookie: "test", only }).pipe(
    Effect.provide(Layer.mergeAll(processes, ProcessTableMemory.layer, NodeServices.layer))
  )
}

const identity = { name: "animus-test", version: "0.1.0", description: "for tests" }

const report = (serves: ReadonlyArray<Part>, only?: ReadonlyArray<string>) =>
  reportOf(
    definePlugin({ manifest: { ...identity, plugin_kind: "notifier", plugin_kinds: ["custom"] }, serves }),
    only
  )

const statuses = ({ cases }: Report) => Object.fromEntries(cases.map(({ id, status }) => [id, status]))

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
        "lifecycle.exit",
        "lifecycle.eof",
        "lifecycle.shutdown-eof"
      ])
    }))

  it.live("asks one process after the other what leaves it as it was, and starts few", () =>
    Effect.gen(function*() {
      let started = 0
      const plugin = definePlugin({ manifest: { ...identity, plugin_kind: "notifier" }, serves: quiet })
      const lifecycle = ["lifecycle.ping", "lifecycle.health", "lifecycle.unknown-method"]
      const only = [...lifecycle, "wire.ids", "wire.blank-lines", "wire.big-frame", "methods.notifier/schema"]
      const { cases, summary } = yield* reportOf(plugin, only, () => void started++)
      assert.deepStrictEqual([summary.failed, cases.length], [0, only.length + 1])
      // One prints the manifest; at most four cases are asked at a time.
      assert.isAtMost(started, 5)
    }))

  it.live("lets no case answer for what another has done to the process", () =>
    Effect.gen(function*() {
      const forgetful = methods(() => {
        let asked = 0
        const health = Effect.suspend(() =>
          asked++ === 0 ? Effect.succeed({ status: "healthy" as const }) : Effect.die("asked before")
        )
        return Effect.succeed({ requests: {}, health })
      })
      const plugin = definePlugin({ manifest: { ...identity, plugin_kind: "custom" }, serves: forgetful })
      const told = statuses(yield* reportOf(plugin, ["lifecycle.health", "cancel.request", "lifecycle.ping"]))
      assert.deepStrictEqual([told["lifecycle.health"], told["cancel.request"]], ["pass", "pass"])
    }))

  it.live("blames no provider whose run was over before it could be cancelled", () =>
    Effect.gen(function*() {
      const response = { session_id: "", exit_code: 0, output: "", duration_ms: 0, backend: "test" }
      const serves = provider({ tool: "test", run: () => Effect.succeed(response) })
      const plugin = definePlugin({ manifest: { ...identity, plugin_kind: "provider" }, serves })
      const told = yield* reportOf(plugin, ["cancel"])
      assert.deepStrictEqual(told.cases.filter(({ status }) => status === "fail"), [])
      const cancel = told.cases.find(({ id }) => id === "cancel.agent-cancel")
      assert.strictEqual(cancel?.reason, "its run was over before it could be cancelled")
    }))

  it.live("takes a resumed run's words for its own, not for late ones of the run before", () =>
    Effect.gen(function*() {
      const run: ProviderOptions["run"] = (_, session) =>
        Effect.as(session.output("word"), {
          session_id: "own",
          exit_code: 0,
          output: "word",
          duration_ms: 0,
          backend: "test"
        })
      const serves = provider({ tool: "test", run, resume: run })
      const plugin = definePlugin({ manifest: { ...identity, plugin_kind: "provider" }, serves })
      assert.strictEqual(statuses(yield* reportOf(plugin, ["methods.agent/resume"]))["methods.agent/resume"], "pass")
    }))
})

describe("a frame", () => {
  const troubles = (line: string) => {
    const notes = makeNotes()
    const examiner = new Examiner(notes)
    examiner.sent(1)
    examiner.line(line)
    return [...notes.unfit, ...notes.impure]
  }

  it.each([
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":null}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null,\"error\":{\"code\":-32601,\"message\":\"no\",\"data\":null}}",
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"no\"}}",
    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"no\"}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"x/told\"}"
  ])("may be %s", (line) => assert.deepStrictEqual(troubles(line), []))

  it.each([
    ["{\"id\":1,\"result\":{}}", "jsonrpc"],
    ["{\"jsonrpc\":\"2.0\",\"id\":1}", "neither"],
    ["{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1,\"message\":\"no\"}}", "both"],
    ["{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"E1\",\"message\":\"no\"}}", "code"],
    ["{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"no\"}", "error"],
    ["{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}", "\"1\" is the id of no request"],
    ["{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x/told\"}", "has an id"],
    ["{\"jsonrpc\":\"2.0\",\"method\":\"agent/output\",\"params\":{\"text\":\"no session\"}}", "session_id"],
    ["[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]", "["]
  ])("may not be %s", (line, says) => {
    const [first = "", ...others] = troubles(line)
    assert.include(first, says)
    assert.deepStrictEqual(others, [])
  })
})
