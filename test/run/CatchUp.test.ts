import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { runStarted } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry, RunEvent } from "../../schemas/RunEvent.ts"
import { replay, take } from "../../src/run/CatchUp.ts"
import { fromTheBeginning, parseCursor, textOf } from "../../src/run/Cursor.ts"

const run = RunId.make("run-1")
const at = "2026-01-01T00:00:00.000Z"
const phase = { phase: "review", attempt: 1 }

/** One of each that can stand anywhere; an opened gate is told in two events. */
const kinds: ReadonlyArray<RunEvent> = [
  { _tag: "PhaseStarted", ...phase, nonce: "n" },
  { _tag: "GateOpened", ...phase, instructions: "look", note_required: false },
  { _tag: "GateDecided", ...phase, approved: true },
  { _tag: "RunPaused", reason: "lunch" },
  { _tag: "RunResumed", force: false },
  { _tag: "RunRetried", phase: "review" },
  { _tag: "PhaseSkipped", phase: "review", guard: "x == 'y'" },
  { _tag: "CancelRequested", reason: "enough" },
  { _tag: "RecoveryDecided", ...phase, action: "rerun", reason: "idempotent" }
]

const journals = fc.array(fc.constantFrom(...kinds), { maxLength: 12 }).map((events) =>
  [runStarted("w"), ...events].map((event, index): JournalEntry => ({ sequence: index + 1, at, event }))
)

const cursorsOf = (entries: ReadonlyArray<JournalEntry>) =>
  replay(run, entries, fromTheBeginning).events.map(({ cursor = assert.fail("an event without a cursor") }) => cursor)

describe("a cursor", () => {
  it("survives being written, and nothing else is one", () => {
    for (const text of ["0", "12", "12.0", "12.1"]) {
      assert.strictEqual(textOf(parseCursor(text) ?? assert.fail(text)), text)
    }
    for (const text of ["", "-1", "1.", "1.x", "x", "1e3", " 1"]) assert.isUndefined(parseCursor(text), text)
  })

  it("of any event leads to exactly what comes after it", () => {
    fc.assert(fc.property(journals, (entries) => {
      const all = cursorsOf(entries)
      assert.strictEqual(new Set(all).size, all.length)
      all.forEach((text, index) => {
        const { events } = replay(run, entries, parseCursor(text) ?? assert.fail(text))
        assert.deepStrictEqual(events.map(({ cursor }) => cursor), all.slice(index + 1))
      })
    }))
  })

  it("counts every entry of a journal: none is told in no event", () => {
    fc.assert(fc.property(journals, (entries) => {
      const told = new Set(replay(run, entries, fromTheBeginning).events.map(({ sequence }) => sequence))
      assert.deepStrictEqual([...told], entries.map(({ sequence }) => sequence))
    }))
  })
})

describe("what is published", () => {
  const published = replay(
    run,
    kinds.map((event, index) => ({ sequence: index + 2, at, event })).toSpliced(0, 0, {
      sequence: 1,
      at,
      event: runStarted("w")
    }),
    fromTheBeginning
  ).events

  it("is taken from where the journal ended", () => {
    const taken = take(3, published)
    assert.strictEqual(taken._tag === "Events" && taken.events[0]?.sequence, 4)
    assert.strictEqual(taken._tag === "Events" && taken.sequence, published.at(-1)?.sequence)
  })

  it("shows a gap, and what no journal has passes", () => {
    assert.strictEqual(take(3, published.filter(({ sequence = 0 }) => sequence > 4))._tag, "Gap")
    const stopped = { workflow_id: run, kind: "workflow_paused", payload: null, occurred_at: at }
    assert.deepStrictEqual(take(3, [stopped]), { _tag: "Events", events: [stopped], sequence: 3 })
  })
})
