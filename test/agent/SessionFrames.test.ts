import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { SessionId } from "../../schemas/Ids.ts"
import { SessionFrames } from "../../src/agent/SessionFrames.ts"

const [a, b] = [SessionId.make("a"), SessionId.make("b")]
const output = (session_id: unknown) => ({ method: "agent/output", params: { session_id, text: "t" } })
const progress = (id: unknown) => ({ method: "$/progress", params: { id, value: 1 } })

describe("while one session lives", () => {
  it.effect("what its provider says is its own, whatever it names", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, "own")
      const said = [
        output("a"),
        output("own"),
        output("forked"),
        output(""),
        output(undefined),
        { method: "vendor/status", params: null },
        { method: "vendor/status", params: [1] },
        { method: "vendor/status" }
      ]
      for (const frame of said) assert.isTrue(frames.owns(a, frame), JSON.stringify(frame))
      assert.strictEqual(frames.ownId(a), "own")
    }))

  it.effect("what the plugin says as something else than a provider is not", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, undefined)
      for (
        const method of [
          "$/vendor",
          "log/entry",
          "subject/changed",
          "trigger/event",
          "log_storage/event",
          "config/changed"
        ]
      ) {
        assert.isFalse(frames.owns(a, { method, params: { id: 1 } }), method)
      }
    }))

  it.effect("what still comes from one that has ended is not", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, undefined)
      assert.isTrue(frames.owns(a, output("own-a")))
      frames.end(a)
      yield* frames.begin(b, "own-b")
      assert.isFalse(frames.owns(b, output("own-a")))
      assert.isFalse(frames.owns(b, output("a")))
    }))
})

describe("while several do", () => {
  it.effect("what could be anybody's is nobody's", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, "own-a")
      yield* frames.begin(b, "own-b")
      for (const frame of [output("forked"), output(undefined), { method: "vendor/status", params: null }]) {
        assert.isFalse(frames.owns(a, frame) || frames.owns(b, frame), JSON.stringify(frame))
      }
    }))

  it.effect("progress is told by the request that it names", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, undefined)
      yield* frames.begin(b, undefined)
      frames.asked(a, 7)
      frames.asked(b, 8)
      const told = [7, "8", 9, undefined].map((id) => [frames.owns(a, progress(id)), frames.owns(b, progress(id))])
      assert.deepStrictEqual(told, [[true, false], [false, true], [false, false], [false, false]])
    }))
})

describe("of a provider that has ids of its own", () => {
  const surprised = (first: SessionId) =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(first, undefined)
      assert.isTrue(frames.owns(first, output("own-0")))
      frames.end(first)
      yield* frames.begin(a, undefined)
      const beginning = yield* Effect.forkChild(frames.begin(b, undefined))
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(beginning.pollUnsafe())
      return { frames, beginning }
    })

  for (const [how, word] of [["its own id", "own-a"], ["ours", "a"]] as const) {
    it.effect(`a session begins once the one before it was named by ${how}`, () =>
      Effect.gen(function*() {
        const { beginning, frames } = yield* surprised(SessionId.make("first"))
        assert.isTrue(frames.owns(a, output(word)))
        yield* Fiber.join(beginning)
        if (how === "ours") return
        assert.isTrue(frames.owns(b, output("own-b")))
        assert.isFalse(frames.owns(a, output("own-b")))
      }))
  }

  it.effect("or has ended", () =>
    Effect.gen(function*() {
      const { beginning, frames } = yield* surprised(SessionId.make("first"))
      frames.end(a)
      yield* Fiber.join(beginning)
    }))

  it.effect("or has had ten seconds for a word", () =>
    Effect.gen(function*() {
      const { beginning } = yield* surprised(SessionId.make("first"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(beginning)
    }))

  it.effect("unless it was given up meanwhile", () =>
    Effect.gen(function*() {
      const { beginning, frames } = yield* surprised(SessionId.make("first"))
      assert.isTrue(frames.giveUp(b))
      assert.isFalse(yield* Fiber.join(beginning))
      assert.isFalse(frames.giveUp(a))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(frames.owns(a, output("own-a")))
    }))

  it.effect("which is known from the first frame that could be anybody's", () =>
    Effect.gen(function*() {
      const frames = new SessionFrames()
      yield* frames.begin(a, undefined)
      yield* frames.begin(b, undefined)
      assert.isFalse(frames.owns(a, output("own-b")))
      const third = yield* Effect.forkChild(frames.begin(SessionId.make("c"), undefined))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(third.pollUnsafe())
      frames.end(a)
      assert.isTrue(frames.owns(b, output("own-b")))
      yield* Fiber.join(third)
    }))
})
