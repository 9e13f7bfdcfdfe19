import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as TriggerStoreFile from "../../layers/TriggerStoreFile.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { emptyRecord, type TriggerRecord } from "../../src/trigger/TriggerState.ts"
import { TriggerStore } from "../../src/trigger/TriggerStore.ts"
import { temporaryScope } from "../conformance/TemporaryScope.ts"

const layer = TriggerStoreFile.layer.pipe(Layer.provideMerge(temporaryScope))

const record: TriggerRecord = {
  cursor: { page: 3 },
  seen: ["a", "b"],
  dropped: 1,
  pending: [{
    trigger: "ci",
    dispatch: {
      subject: { kind: "custom", id: "trigger:ci", title: "trigger ci", labels: [], metadata: { event: "p:a" } },
      workflow_ref: "w",
      vars: {},
      input: { n: 1 },
      trigger_source: "plugin",
      requested_at: "2026-01-01T00:00:00Z"
    }
  }]
}

describe("the trigger store on disk", () => {
  it.effect("gives back what was saved, one record a plugin, whatever its name", () =>
    Effect.gen(function*() {
      const store = yield* TriggerStore
      assert.deepStrictEqual(yield* store.load("a/../b"), emptyRecord)
      yield* store.save("a/../b", record)
      assert.deepStrictEqual(yield* store.load("a/../b"), record)
      assert.deepStrictEqual(yield* store.load("other"), emptyRecord)
      const { scopeDir } = yield* ProjectScope
      assert.deepStrictEqual(Fs.readdirSync(Path.join(scopeDir, "triggers")), ["a%2F..%2Fb.json"])
    }).pipe(Effect.provide(layer)))

  it.effect("tells damage as what it is, and what to do", () =>
    Effect.gen(function*() {
      const store = yield* TriggerStore
      yield* store.save("p", record)
      const path = Path.join((yield* ProjectScope).scopeDir, "triggers", "p.json")
      Fs.writeFileSync(path, "{")
      const error = yield* Effect.flip(store.load("p"))
      assert.strictEqual(error._tag, "StateFolderUnusable")
      assert.include(error.message, path)
      assert.include(error.message, "Move it away")
    }).pipe(Effect.provide(layer)))
})
