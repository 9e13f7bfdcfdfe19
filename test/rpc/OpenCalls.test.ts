import { assert, describe, it } from "@effect/vitest"
import { type Call, OpenCalls } from "../../src/rpc/OpenCalls.ts"

const call = (id: number): Call => ({
  id,
  method: "echo",
  millis: 1,
  cancellable: false,
  resume: () => {},
  withdraw: undefined,
  deadline: 1
})

const opened = (...ids: ReadonlyArray<number>) => {
  const calls = new OpenCalls()
  for (const id of ids) calls.add(call(id))
  return calls
}

const ids = (calls: OpenCalls) => calls.all().map(({ id }) => id)

describe("the open calls", () => {
  it("are taken once each, by their own id", () => {
    const calls = opened(1, 2)
    assert.strictEqual(calls.take(2)?.id, 2)
    assert.isUndefined(calls.take(2))
    assert.deepStrictEqual(ids(calls), [1])
  })

  it("outlive thousands of later ones, and are listed before them", () => {
    const calls = opened(3, 4)
    for (let id = 5; id <= 10_000; id++) {
      calls.add(call(id))
      if (id < 9_999) assert.strictEqual(calls.take(id)?.id, id)
    }
    assert.deepStrictEqual(ids(calls), [3, 4, 9_999, 10_000])
    assert.strictEqual(calls.take(3)?.id, 3)
    assert.isUndefined(calls.take(3))
    assert.deepStrictEqual(ids(calls), [4, 9_999, 10_000])
  })

  it("know nothing of what no call can have for an id", () => {
    const calls = opened(1)
    for (const id of [0, -1, 1.5, 1_025, Infinity, Number.NaN]) assert.isUndefined(calls.take(id))
    assert.deepStrictEqual(ids(calls), [1])
  })
})
