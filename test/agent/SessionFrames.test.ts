import { assert, describe, it } from "@effect/vitest"
import { SessionId } from "../../schemas/Ids.ts"
import { SessionFrames } from "../../src/agent/SessionFrames.ts"

const [a, b] = [SessionId.make("a"), SessionId.make("b")]
const output = (session_id: unknown) => ({ method: "agent/output", params: { session_id, text: "t" } })
const progress = (id: unknown) => ({ method: "$/progress", params: { id, value: 1 } })

describe("while one session lives", () => {
  it("what its provider says is its own, whatever it names", () => {
    const frames = new SessionFrames()
    frames.begin(a, "own")
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
  })

  it("what the plugin says as something else than a provider is not", () => {
    const frames = new SessionFrames()
    frames.begin(a, undefined)
    for (const method of ["log/entry", "subject/changed", "trigger/event", "log_storage/event", "config/changed"]) {
      assert.isFalse(frames.owns(a, { method, params: { id: 1 } }), method)
    }
  })

  it("what still comes from one that has ended is not", () => {
    const frames = new SessionFrames()
    frames.begin(a, undefined)
    assert.isTrue(frames.owns(a, output("own-a")))
    frames.end(a)
    frames.begin(b, "own-b")
    assert.isFalse(frames.owns(b, output("own-a")))
    assert.isFalse(frames.owns(b, output("a")))
  })
})

describe("while several do", () => {
  it("what could be anybody's is nobody's", () => {
    const frames = new SessionFrames()
    frames.begin(a, "own-a")
    frames.begin(b, "own-b")
    for (const frame of [output("forked"), output(undefined), { method: "vendor/status", params: null }]) {
      assert.isFalse(frames.owns(a, frame) || frames.owns(b, frame), JSON.stringify(frame))
    }
  })
})

it("progress is told by the request that it names", () => {
  const frames = new SessionFrames()
  frames.begin(a, undefined)
  frames.begin(b, undefined)
  frames.asked(a, 7)
  frames.asked(b, 8)
  assert.deepStrictEqual(
    [7, "8", 9, undefined].map((id) => [frames.owns(a, progress(id)), frames.owns(b, progress(id))]),
    [
      [true, false],
      [false, true],
      [false, false],
      [false, false]
    ]
  )
})
