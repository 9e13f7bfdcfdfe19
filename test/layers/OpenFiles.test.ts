import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { makeOpenFiles } from "../../layers/OpenFiles.ts"

describe("open files", () => {
  it.effect("of several who open a path at once share one file, and the others are given back", () =>
    Effect.gen(function*() {
      const gate = yield* Latch.make(false)
      const open = new Set<number>()
      let opened = 0
      const slowly = Effect.as(gate.await, undefined).pipe(Effect.map(() => {
        const file = ++opened
        open.add(file)
        return { file, release: Effect.sync(() => void open.delete(file)) }
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        const files = yield* makeOpenFiles<Effect.Success<typeof slowly>>(4)
        const use = files.use("a", slowly, ({ file }) => Effect.succeed(file))
        const users = yield* Effect.forkChild(Effect.all([use, use, use], { concurrency: 3 }), {
          startImmediately: true
        })
        yield* gate.open
        const used = yield* Fiber.join(users)
        assert.strictEqual(opened, 3)
        assert.strictEqual(new Set(used).size, 1)
        assert.deepStrictEqual([...open], used.slice(0, 1))
      }))
      assert.strictEqual(open.size, 0)
    }))
})
