import { assert, describe, it } from "@effect/vitest"
import type { QueueItem } from "../../schemas/control/QueueRpcs.ts"
import { Priority } from "../../schemas/Subject.ts"
import { further } from "../../src/cli/Further.ts"
import { queueText } from "../../src/cli/render/QueueText.ts"

const entry = (facts: Partial<QueueItem>): QueueItem => ({
  id: "q-1",
  subject_id: "task:1",
  status: "ready",
  priority: Priority.make(2),
  enqueued_at: "t0",
  ...facts
})

/** Under BECAUSE, which is last, and what follows the table. */
const said = (facts: Partial<QueueItem>) => {
  const [head = "", row = "", ...rest] = queueText([entry(facts)])
  return [row.slice(head.indexOf("NOT BEFORE")), ...rest]
}

describe("an entry of the queue", () => {
  it("says why it waits, and what to type about that", () => {
    assert.deepStrictEqual(said({ status: "held", hold_reason: "no such workflow" }), [
      "-           no such workflow",
      "once what holds an entry is mended: animus queue release <entry>"
    ])
    assert.deepStrictEqual(said({ not_before: "t1", deferred_because: "away" }), [
      "t1          away",
      "what is away is tried again at the time shown, or now with: animus queue release <entry>"
    ])
    assert.deepStrictEqual(said({ status: "in-flight", starting_since: "t2" }), [
      "-           its backend has not answered since t2"
    ])
    assert.deepStrictEqual(queueText([]), ["the queue is empty. Add to it with: animus queue enqueue <subject>"])
  })
})

describe("a page that is not the last", () => {
  it("is followed by the same command from there on, each value one word", () => {
    assert.deepStrictEqual(further("animus queue list", { status: "held", limit: undefined }, undefined), [])
    assert.deepStrictEqual(further("animus queue list", { status: "held", cursor: "50", limit: 50 }, "it's 100"), [
      "more with: animus queue list --status held --cursor 'it'\\''s 100' --limit 50"
    ])
  })
})
