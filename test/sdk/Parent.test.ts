import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import { ParentId } from "../../src/sdk/Parent.ts"
import { definePlugin, methods } from "../../src/sdk/Sdk.ts"
import { plug } from "./Plugged.ts"

describe("a plugin whose parent is gone", () => {
  it.effect("ends, though somebody holds its stdin open", () =>
    Effect.gen(function*() {
      let parent = 7
      const released = yield* Deferred.make<void>()
      const part = methods(() =>
        Effect.as(Effect.addFinalizer(() => Deferred.succeed(released, undefined)), { requests: {} })
      )
      const manifest = { name: "animus-test", version: "0.1.0", plugin_kind: "custom", description: "for tests" }
      const { begin, ended } = yield* Effect.provideService(
        plug(definePlugin({ manifest, serves: part })),
        ParentId,
        () => parent
      )
      yield* begin()
      yield* TestClock.adjust("1 minute")
      parent = 1
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(Exit.isSuccess(yield* ended))
      yield* Deferred.await(released)
    }))
})
