import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as FastCheck from "fast-check"
import type { QueueEntry } from "../../schemas/Dispatch.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import {
  apply,
  decideReorder,
  deferralOf,
  duplicateOf,
  empty,
  entryFor,
  isHeldUp,
  isOver,
  isPending,
  nextReady,
  QueueEvent,
  type QueueState,
  snapshot,
  statsOf,
  untilReady
} from "../../src/schedule/QueueState.ts"
import { dispatch } from "./Queueing.ts"

const entry = (id: string, priority: number): QueueEntry => ({
  id,
  dispatch: dispatch(id),
  priority,
  state: "pending",
  enqueued_at: "2026-01-01T00:00:00Z"
})
/** What a trigger sent. */
const sent = (id: string, event: string): SubjectDispatch => ({
  ...dispatch(id),
  subject: { ...dispatch(id).subject, metadata: { event } }
})
const fold = (...events: ReadonlyArray<QueueEvent>) => events.reduce(apply, empty)
const enqueue = (id: string, priority: number, what = dispatch(id)): QueueEvent => ({
  _tag: "Enqueued",
  entry: { ...entry(id, priority), dispatch: what }
})
const ids = ({ entries }: QueueState) => entries.map(({ id }) => id)
const run = (name: string) => RunId.make(name)

const NOON = Date.parse("2026-01-01T12:00:00.000Z")

describe("order", () => {
  it("is by priority, then by age", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.integer({ min: 0, max: 4 }), { maxLength: 30 }), (priorities) => {
        const state = fold(...priorities.map((priority, index) => enqueue(`e${index}`, priority)))
        const expected = priorities.map((priority, index) => ({ priority, index }))
          .toSorted((a, b) => b.priority - a.priority || a.index - b.index)
        assert.deepStrictEqual(ids(state), expected.map(({ index }) => `e${index}`))
      }),
      { numRuns: 1000 }
    )
  })

  const three = fold(enqueue("a", 3), enqueue("b", 2), enqueue("c", 1))
  const reordered = (moved: ReadonlyArray<string>, position: Parameters<typeof decideReorder>[2]) =>
    ids(apply(three, Result.getOrThrow(decideReorder(three, moved, position))))

  it.each(
    [
      [["c"], "front", ["c", "a", "b"]],
      [["c", "b"], "front", ["c", "b", "a"]],
      [["a"], "back", ["b", "c", "a"]],
      [["a", "a"], "back", ["b", "c", "a"]],
      [["c"], { before: "b" }, ["a", "c", "b"]],
      [["a"], { after: "b" }, ["b", "a", "c"]],
      [["a"], { after: "c" }, ["b", "c", "a"]],
      [["a", "b", "c"], "front", ["a", "b", "c"]],
      [[], "front", ["a", "b", "c"]]
    ] as const
  )(
    "%j to %j gives %j",
    (moved, position, expected) => assert.deepStrictEqual(reordered(moved, position), [...expected])
  )

  it.each(
    [
      [["x"], "front", "QueueEntryNotFound"],
      [["a"], { before: "x" }, "QueueEntryNotFound"],
      [["a"], { before: "a" }, "QueueEntryBusy"]
    ] as const
  )("%j to %j is refused", (moved, position, tag) => {
    const refused = decideReorder(three, moved, position)
    assert.strictEqual(Result.isFailure(refused) && refused.failure._tag, tag)
  })

  it("keeps what an operator chose when more arrives, and gives the others their rank", () => {
    const front = apply(three, { _tag: "Reordered", moved: ["c"], before: "a" })
    assert.deepStrictEqual(ids(apply(front, enqueue("new", 2))), ["c", "a", "b", "new"])
    assert.deepStrictEqual(ids(apply(front, enqueue("new", 4))), ["c", "new", "a", "b"])
    const back = apply(three, { _tag: "Reordered", moved: ["a"] })
    assert.deepStrictEqual(ids(apply(back, enqueue("new", 4))), ["new", "b", "c", "a"])
    assert.deepStrictEqual(ids(apply(back, enqueue("new", 0))), ["b", "c", "a", "new"])
  })

  it("does not move what is at work", () => {
    const leased = apply(three, { _tag: "Leased", entry: "a", run: run("r") })
    const refused = decideReorder(leased, ["a"], "back")
    assert.strictEqual(
      Result.isFailure(refused) && refused.failure.message,
      "cannot reorder queue entry a: it is assigned. See: animus queue list"
    )
  })
})

describe("entries", () => {
  const held = fold(enqueue("a", 0), { _tag: "Held", entry: "a", reason: "wait" })

  it("wait, are held and released, are leased, given back and completed", () => {
    assert.deepInclude(held.entries[0], { state: "held", hold_reason: "wait" })
    assert.isUndefined(nextReady(held, NOON))
    const released = apply(held, { _tag: "Released", entry: "a" })
    assert.deepStrictEqual(released.entries[0], entry("a", 0))
    const leased = apply(released, { _tag: "Leased", entry: "a", run: run("r") })
    assert.deepInclude(leased.entries[0], { state: "assigned", run: run("r") })
    const back = apply(leased, { _tag: "Returned", run: run("r"), reason: "no such workflow" })
    assert.deepStrictEqual(back.entries[0], { ...entry("a", 0), state: "held", hold_reason: "no such workflow" })
    const done = apply(leased, { _tag: "Completed", run: run("r") })
    assert.deepStrictEqual(statsOf(done), { pending: 0, held: 0, assigned: 0, done: 1, dropped: 0 })
  })

  describe("whose start failed because something was away", () => {
    const until = "2026-01-01T12:00:15.000Z"
    const due = Date.parse(until)
    const back = (failures: number): ReadonlyArray<QueueEvent> => [
      { _tag: "Leased", entry: "a", run: run(`r${failures}`) },
      { _tag: "Returned", run: run(`r${failures}`), reason: "away", until }
    ]
    const away = back(1).reduce(apply, fold(enqueue("a", 0), enqueue("b", 0)))

    it("stay pending, are tried again at a time, after what never failed", () => {
      const deferred = { until, reason: "away", failures: 1 }
      assert.deepStrictEqual(away.entries[0], { ...entry("a", 0), deferred })
      assert.deepStrictEqual([nextReady(away, due)?.id, untilReady(away, NOON)], ["b", 15_000])
      const alone = apply(away, { _tag: "Dropped", entry: "b" })
      assert.deepStrictEqual([nextReady(alone, due - 1), nextReady(alone, due)?.id], [undefined, "a"])
      assert.deepStrictEqual([untilReady(alone, due - 1), untilReady(alone, due)], [1, 0])
      assert.isUndefined(untilReady(apply(alone, { _tag: "Paused" }), due))
      assert.isUndefined(untilReady(fold(enqueue("b", 0)), due))
    })

    it("come first once they have been due for as long as any deferral", () => {
      const overdue = due + 15 * 60_000
      assert.deepStrictEqual([nextReady(away, overdue - 1)?.id, nextReady(away, overdue)?.id], ["b", "a"])
      assert.strictEqual(untilReady(away, overdue), 0)
    })

    it("do not wait for a clock that has been set back", () => {
      const alone = apply(away, { _tag: "Dropped", entry: "b" })
      assert.deepStrictEqual([nextReady(alone, due - 86_400_000)?.id, untilReady(alone, due - 86_400_000)], ["a", 0])
    })

    it("wait longer each time in a row, until they start or somebody sees to them", () => {
      const [again] = back(2).reduce(apply, away).entries
      assert.strictEqual(again?.deferred?.failures, 2)
      assert.deepStrictEqual([deferralOf(entry("a", 0)), again && deferralOf(again)], [15_000, 60_000])
      for (const refused of ["b", "c"]) assert.isTrue(Result.isFailure(entryFor(away, refused, "release", isHeldUp)))
      assert.isTrue(Result.isSuccess(entryFor(away, "a", "release", isHeldUp)))
      assert.deepStrictEqual(apply(away, { _tag: "Released", entry: "a" }).entries[0], entry("a", 0))
      const held = apply(away, { _tag: "Held", entry: "a", reason: "later" })
      assert.deepStrictEqual(held.entries[0], { ...entry("a", 0), state: "held", hold_reason: "later" })
    })
  })

  it("are the same for the same subject and workflow, whatever state they are in", () => {
    assert.strictEqual(duplicateOf(held, dispatch("a", "W"))?.id, "a")
    assert.isUndefined(duplicateOf(held, dispatch("a", "other")))
    assert.isUndefined(duplicateOf(held, dispatch("b")))
  })

  it("stand for the event that they came from, also once they have left, as far back as that is kept", () => {
    const come = fold(enqueue("a", 0, sent("a", "p:1")), enqueue("b", 0, sent("b", "p:2")), enqueue("c", 0))
    assert.isFalse(isOver(come, sent("a", "p:1")))
    const gone = [
      { _tag: "Leased", entry: "a", run: run("r") },
      { _tag: "Completed", run: run("r") },
      { _tag: "Dropped", entry: "b" },
      { _tag: "Dropped", entry: "c" }
    ] as const satisfies ReadonlyArray<QueueEvent>
    const left = gone.reduce(apply, come)
    assert.deepStrictEqual(left.events, ["p:1", "p:2"])
    assert.isTrue(isOver(left, sent("a", "p:1")))
    assert.isFalse(isOver(left, sent("a", "p:3")))
    assert.isFalse(isOver(left, dispatch("c")))
    const many = Array.from({ length: 1024 }, (_, at) => [
      enqueue(`m${at}`, 0, sent(`m${at}`, `m:${at}`)),
      { _tag: "Dropped", entry: `m${at}` } as const
    ])
    assert.strictEqual(many.flat().reduce(apply, left).events[0], "m:0")
  })

  it("are not leased while the queue is paused, which a snapshot of before there were pauses was not", () => {
    const waiting = fold(enqueue("a", 0), { _tag: "Paused" })
    assert.isUndefined(nextReady(waiting, NOON))
    assert.strictEqual(nextReady(apply(waiting, { _tag: "Resumed" }), NOON)?.id, "a")
    const old = { _tag: "Snapshot" as const, entries: [], pinned: [], done: 1, dropped: 2 }
    assert.deepStrictEqual(Schema.decodeUnknownSync(QueueEvent)(old), { ...old, paused: false, events: [] })
  })

  it("say why a verb means nothing", () => {
    assert.deepStrictEqual(Result.isSuccess(entryFor(held, "a", "release", isHeldUp)), true)
    const busy = entryFor(held, "a", "hold", isPending)
    assert.strictEqual(Result.isFailure(busy) && busy.failure._tag, "QueueEntryBusy")
    const gone = entryFor(held, "z", "hold", isPending)
    assert.strictEqual(Result.isFailure(gone) && gone.failure._tag, "QueueEntryNotFound")
  })
})

describe("any history", () => {
  const id = FastCheck.constantFrom("a", "b", "c", "d")
  const runs = FastCheck.constantFrom<Array<RunId>>(run("r1"), run("r2"), run("r3"))
  const event: FastCheck.Arbitrary<QueueEvent> = FastCheck.oneof(
    FastCheck.record({ id, priority: FastCheck.nat(4) }).map(({ id, priority }) =>
      enqueue(id, priority, priority > 2 ? sent(id, `p:${priority}`) : dispatch(id))
    ),
    id.map((entry): QueueEvent => ({ _tag: "Held", entry })),
    id.map((entry): QueueEvent => ({ _tag: "Released", entry })),
    id.map((entry): QueueEvent => ({ _tag: "Dropped", entry })),
    FastCheck.record({ entry: id, run: runs }).map((leased): QueueEvent => ({ _tag: "Leased", ...leased })),
    runs.map((run): QueueEvent => ({ _tag: "Completed", run })),
    FastCheck.constantFrom<Array<QueueEvent>>({ _tag: "Paused" }, { _tag: "Resumed" }),
    runs.map((run): QueueEvent => ({ _tag: "Returned", run, reason: "x" })),
    FastCheck.record({ moved: FastCheck.uniqueArray(id), before: id }).map((moved): QueueEvent => ({
      _tag: "Reordered",
      ...moved
    }))
  )

  it("can be cut anywhere: what is folded from its snapshot is what is folded from the start", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(event, { maxLength: 25 }), FastCheck.nat(25), (events, cut) => {
        const middle = fold(...events.slice(0, cut))
        assert.deepStrictEqual(fold(snapshot(middle), ...events.slice(cut)), fold(...events))
      }),
      { numRuns: 2000 }
    )
  })

  it("never loses or doubles an entry by moving it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(event, { maxLength: 25 }),
        FastCheck.uniqueArray(id),
        id,
        (events, moved, before) => {
          const state = events.filter((one, index) =>
            one._tag !== "Enqueued" ||
            !events.slice(0, index).some((other) => other._tag === "Enqueued" && other.entry.id === one.entry.id)
          ).reduce(apply, empty)
          const after = apply(state, { _tag: "Reordered", moved, before })
          assert.deepStrictEqual(ids(after).toSorted(), ids(state).toSorted())
        }
      ),
      { numRuns: 2000 }
    )
  })
})
