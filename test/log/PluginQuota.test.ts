import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as LogBackendMemory from "../../layers/LogBackendMemory.ts"
import * as EffectLogger from "../../src/log/EffectLogger.ts"
import { LogBackend } from "../../src/log/LogBackend.ts"
import { PluginQuota } from "../../src/log/PluginQuota.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { makePluginLog } from "../../src/plugin/PluginLog.ts"

describe("a plugin's share of the log", () => {
  it("is 512 KiB at once and 16 KiB a second after that, for each plugin", () => {
    const quota = new PluginQuota()
    const admitted = (plugin: string, now: number) => {
      let count = 0
      while (quota.admits(plugin, 1024, now)) count++
      return count
    }
    assert.strictEqual(admitted("a", 0), 512)
    assert.strictEqual(admitted("b", 0), 512)
    assert.strictEqual(admitted("a", 1000), 16)
    assert.strictEqual(admitted("a", 500), 0)
    assert.strictEqual(admitted("b", 3_600_000), 512)
    assert.deepStrictEqual(quota.takeDropped(), [["a", 3], ["b", 2]])
    assert.deepStrictEqual(quota.takeDropped(), [])
    assert.isFalse(quota.admits("c", 16 * 1024 * 1024, 0))
  })

  const logs = EffectLogger.layer.pipe(
    Layer.provideMerge(LogBackendMemory.layer),
    Layer.provideMerge(Notifications.layer)
  )

  it.effect("is all that a flood takes: what the daemon says is kept, and one line says how much was dropped", () =>
    Effect.gen(function*() {
      const log = yield* LogBackend
      const flood = makePluginLog("flooder")
      const line = "x".repeat(1000)
      yield* Effect.logInfo("before")
      for (let at = 0; at < 5000; at++) yield* flood.stderr(line)
      yield* Effect.logInfo("amid")
      for (let at = 0; at < 5000; at++) {
        yield* flood.entries([{ method: "log/entry", params: { level: "info", target: "t", message: line } }])
      }
      yield* makePluginLog("quiet").stderr("a word")
      yield* TestClock.adjust("5 seconds")
      const said = (query: object) =>
        Effect.map(
          log.query({ follow: false, limit: 10_000, ...query }),
          (page) => page.entries.map(({ message }) => message)
        )
      assert.deepStrictEqual(yield* said({ source: "daemon" }), ["before", "amid"])
      assert.deepStrictEqual(yield* said({ source_name: "quiet" }), ["a word"])
      const own = yield* said({ source_name: "flooder" })
      const kept = own.filter((message) => message === line).length
      assert.isAtMost(kept, 512)
      assert.deepStrictEqual(own.filter((message) => message !== line), [
        `${10_000 - kept} records of plugin flooder were dropped: it writes more than its share of the log`
      ])
    }).pipe(Effect.provide(logs)))
})
