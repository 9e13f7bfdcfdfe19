import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as LogBackendMemory from "../../layers/LogBackendMemory.ts"
import type { Json } from "../../schemas/Json.ts"
import * as EffectLogger from "../../src/log/EffectLogger.ts"
import { LogBackend } from "../../src/log/LogBackend.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { makePluginLog } from "../../src/plugin/PluginLog.ts"

/** What a plugin sends as `fields` of `log/entry`, and what the log has. */
const table: ReadonlyArray<readonly [sent: Json, kept: Json | undefined]> = [
  [{ issue: 7, plugin: "other", target: "there", source: "daemon" }, {
    issue: 7,
    plugin: "other",
    target: "there",
    source: "daemon"
  }],
  [{ fields: 1 }, { fields: 1 }],
  [[1, 2], { fields: [1, 2] }],
  ["a word", { fields: "a word" }],
  [{}, undefined],
  [null, undefined]
]

const logs = Layer.provideMerge(LogBackendMemory.layer, Notifications.layer)

for (const [sent, kept] of table) {
  it.effect(`a record of a plugin has the fields that it gave: ${JSON.stringify(sent)}`, () =>
    Effect.gen(function*() {
      const params = {
        level: "warn",
        target: "tracker.poll",
        message: "slow",
        fields: sent,
        ts: "2026-01-01T00:00:00Z"
      }
      const records = makePluginLog("p").entries([{ method: "log/entry", params }])
      // Everything is in the log once the layer is gone.
      yield* Effect.provide(records, EffectLogger.layer)
      const { entries: [entry] } = yield* LogBackend.use((log) => log.query({ follow: false }))
      assert.deepInclude(entry, { level: "warn", source: "plugin", source_name: "p", target: "tracker.poll" })
      assert.strictEqual(entry?.message, "slow")
      assert.deepStrictEqual(entry?.fields, kept)
    }).pipe(Effect.provide(logs)))
}
