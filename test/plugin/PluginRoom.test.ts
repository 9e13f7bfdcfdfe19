import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { answer, hostOfAll, serving } from "./scripted.ts"

const program = serving(({ id }, { say }) => say(answer(id, "done")))

const call = (plugin: string) => PluginHost.use((host) => host.call(plugin, "work", {}))
const restart = (plugin: string) => PluginHost.use((host) => host.restart(plugin, "the test says so"))

const three = { one: program, two: program, three: program }

describe("the limit on plugin processes", () => {
  it.effect("refuses one more, at once and with what to type, and takes nothing from those that run", () =>
    Effect.gen(function*() {
      yield* call("one")
      yield* call("two")
      const error = yield* Effect.flip(call("three"))
      assert.deepInclude(error, { _tag: "TooManyPlugins", plugin: "three", limit: 2 })
      for (const typed of ["plugin uninstall NAME", "plugin restart three", "ANIMUS_PLUGIN_PROCESS_MAX=4"]) {
        assert.include(error.message, typed)
      }
      assert.strictEqual((yield* Effect.flip(call("three")))._tag, "TooManyPlugins")
      const host = yield* PluginHost
      const { lastError, restarts, state } = yield* host.status("three")
      assert.deepStrictEqual([state, restarts], ["disabled", 0])
      assert.strictEqual(lastError, error.message)
      assert.deepStrictEqual(yield* Effect.all([call("one"), call("two")]), ["done", "done"])
    }).pipe(Effect.provide(hostOfAll(three, { ANIMUS_PLUGIN_PROCESS_MAX: "2" }))))

  it.effect("gives a place back with the process that had it, also to the one it was taken from", () =>
    Effect.gen(function*() {
      yield* call("one")
      yield* call("two")
      yield* Effect.flip(call("three"))
      // Ended, and not asked for again.
      yield* restart("one")
      yield* restart("three")
      assert.strictEqual(yield* call("three"), "done")
      assert.strictEqual((yield* Effect.flip(call("one")))._tag, "TooManyPlugins")
      yield* restart("two")
      assert.strictEqual(yield* call("two"), "done")
    }).pipe(Effect.provide(hostOfAll(three, { ANIMUS_PLUGIN_PROCESS_MAX: "2" }))))

  it.effect("is 50 when nothing is said, and when what is said is no number above zero", () =>
    Effect.gen(function*() {
      const many = Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`p${at}`, program]))
      for (const said of ["", "0", "-1", "many", "1.5"]) {
        yield* Effect.gen(function*() {
          for (let at = 0; at < 50; at++) yield* call(`p${at}`)
          assert.deepInclude(yield* Effect.flip(call("p50")), { _tag: "TooManyPlugins", limit: 50 })
        }).pipe(Effect.provide(hostOfAll(many, { ANIMUS_PLUGIN_PROCESS_MAX: said })))
      }
    }))
})
