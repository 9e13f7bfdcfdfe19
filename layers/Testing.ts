/**
 * The proof that a session store keeps its promises: call `sessionStoreSuite("mine", layer)` in a vitest file. The layer is
 * built once per test; what it keeps from earlier tests or other programs does no harm.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, type Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { RunId, SessionId } from "../schemas/Ids.ts"
import type { RunEvent } from "../schemas/RunEvent.ts"
import type { SessionRecord } from "../schemas/SessionRecord.ts"
import { type HeadQuery, SessionStore } from "../src/session/SessionStore.ts"

export * from "./FaultInjection.ts"

type Suite = (test: (name: string, body: Effect.Effect<void, unknown, SessionStore>) => void) => void

/** Run ids that no other test, and no other run of the suite, has. */
const freshRun = (name: string) =>
  Effect.map(Effect.sync(() => crypto.randomUUID()), (id) => RunId.make(`suite-${name}-${id}`))

export const runStarted = (workflow: string): RunEvent => ({
  _tag: "RunStarted",
  definition: {
    id: workflow,
    name: workflow,
    variables: [],
    phases: [{
      mode: "manual",
      id: "review",
      idempotency: "idempotent",
      max_rework_attempts: 1,
      skip_if: [],
      on_verdict: {},
      instructions: "look at it",
      approval_note_required: false
    }]
  },
  definition_hash: "0",
  dispatch: {
    subject: { kind: "task", id: "T-1", labels: [], metadata: {} },
    workflow_ref: workflow,
    vars: {},
    trigger_source: "suite",
    requested_at: "2026-01-01T00:00:00.000Z"
  },
  vars: {}
})

const failed = (error: string): RunEvent => ({
  _tag: "PhaseFailed",
  phase: "review",
  attempt: 1,
  error,
  duration_ms: 1
})
const completed: RunEvent = { _tag: "RunCompleted", reason: "done" }

const record = (run: RunId, phase: string, status: SessionRecord["status"]): SessionRecord => ({
  workflow_id: run,
  phase_id: phase,
  attempt: 1,
  provider: "animus-provider-suite",
  run_id: SessionId.make("session-1"),
  provider_session_id: null,
  status,
  started_at: "2026-01-01T00:00:00.000Z"
})

/** Every head the store lists for a query, page by page. */
const walk = Effect.fnUntraced(function*(query: HeadQuery) {
  const store = yield* SessionStore
  let page = yield* store.heads(query)
  const heads = [...page.heads]
  while (page.nextCursor !== undefined) {
    assert.isAtMost(page.heads.length, query.limit ?? 50)
    page = yield* store.heads({ ...query, cursor: page.nextCursor })
    heads.push(...page.heads)
  }
  return heads
})

const journals: Suite = (test) => {
  test(
    "reads back what was appended, in order, from any sequence on",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("order")
      const first = yield* store.append(run, 0, [runStarted("w"), failed("one")])
      const second = yield* store.append(run, 2, [failed("two")])
      assert.deepStrictEqual(first.map((entry) => entry.sequence), [1, 2])
      assert.deepStrictEqual(yield* store.read(run), [...first, ...second])
      assert.deepStrictEqual(yield* store.read(run, 2), second)
      assert.deepStrictEqual(yield* store.read(run, 3), [])
    })
  )

  test(
    "says that there is no such run",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const error = yield* Effect.flip(store.read(yield* freshRun("missing")))
      assert.strictEqual(error._tag, "RunNotFound")
    })
  )
}

const writers: Suite = (test) => {
  test(
    "refuses a stale writer, and one that is ahead, and changes nothing",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("stale")
      const ahead = yield* Effect.flip(store.append(run, 1, [failed("ahead")]))
      assert.strictEqual(ahead._tag, "SequenceConflict")
      const entries = yield* store.append(run, 0, [runStarted("w")])
      const stale = yield* Effect.flip(store.append(run, 0, [failed("stale")]))
      assert.strictEqual(stale._tag, "SequenceConflict")
      assert.deepStrictEqual(yield* store.read(run), entries)
    })
  )

  test(
    "lets exactly one of many concurrent writers win",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("race")
      yield* store.append(run, 0, [runStarted("w")])
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => failed(`writer ${index}`)),
        (event) => Effect.exit(store.append(run, 1, [event])),
        { concurrency: "unbounded" }
      )
      const won = exits.filter(Exit.isSuccess)
      assert.strictEqual(won.length, 1)
      assert.deepStrictEqual(yield* store.read(run, 1), won[0]?.value)
    })
  )
}

const contents: Suite = (test) => {
  test(
    "keeps large entries and every character",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("large")
      const odd = failed("tab\t newline\n null\0 \u2028 emoji 👩‍🔬 rtl \u202e lone \ud800 quote \" \\")
      const large = failed("é".repeat(1_500_000))
      const entries = yield* store.append(run, 0, [runStarted("w"), odd, large])
      assert.deepStrictEqual(yield* store.read(run), entries)
    })
  )

  test(
    "forgets a run that is removed, and starts it afresh",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("removed")
      yield* store.remove(run)
      yield* store.append(run, 0, [runStarted("w"), completed])
      yield* store.putSession(record(run, "review", "running"))
      yield* store.appendTranscript(run, "review", 1, [piece("words")])
      yield* store.remove(run)
      assert.strictEqual((yield* Effect.flip(store.read(run)))._tag, "RunNotFound")
      assert.isUndefined(yield* store.session(run, "review"))
      assert.deepStrictEqual(yield* store.transcript(run, "review", 1), [])
      assert.isFalse((yield* walk({ limit: 500 })).some((head) => head.run === run))
      const again = yield* store.append(run, 0, [runStarted("w")])
      assert.deepStrictEqual(yield* store.read(run), again)
    })
  )
}

const lists: Suite = (test) => {
  test(
    "lists heads newest first, page by page, each once",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const runs: Array<RunId> = []
      for (let index = 0; index < 7; index++) {
        // Two share an instant: the order must still be one.
        if (index % 2 === 0) yield* TestClock.adjust(1000)
        const run = yield* freshRun(`page-${index}`)
        yield* store.append(run, 0, [runStarted("w")])
        runs.push(run)
      }
      const listed = (yield* walk({ limit: 2 })).filter((head) => runs.includes(head.run))
      assert.sameMembers(listed.map((head) => head.run), runs)
      const keys = listed.map((head) => `${head.started_at} ${head.run}`)
      assert.deepStrictEqual(keys, keys.toSorted().toReversed())
    })
  )

  test(
    "lists by status, and what is unfinished",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const open = yield* freshRun("open")
      const over = yield* freshRun("over")
      yield* store.append(open, 0, [runStarted("open"), { _tag: "RunPaused", reason: "lunch" }])
      yield* store.append(over, 0, [runStarted("over"), completed])
      const listed = Effect.fnUntraced(function*(query: HeadQuery) {
        return (yield* walk({ limit: 500, ...query })).map((head) => head.run).filter((run) =>
          run === open || run === over
        )
      })
      assert.deepStrictEqual(yield* listed({ status: ["paused"] }), [open])
      assert.deepStrictEqual(yield* listed({ status: ["completed"] }), [over])
      assert.deepStrictEqual(yield* listed({ status: [] }), [])
      const unfinished = (yield* store.unfinished).filter((head) => head.run === open || head.run === over)
      assert.deepStrictEqual(
        unfinished.map(({ reason, run, sequence, workflow }) => ({ reason, run, sequence, workflow })),
        [
          { reason: "lunch", run: open, sequence: 2, workflow: "open" }
        ]
      )
    })
  )
}

const cursors: Suite = (test) => {
  test(
    "a cursor that no page ever gave is a place in the list like any other",
    Effect.gen(function*() {
      const store = yield* SessionStore
      yield* store.append(yield* freshRun("cursor"), 0, [runStarted("w")])
      assert.deepStrictEqual(yield* store.heads({ cursor: "" }), { heads: [], nextCursor: undefined })
    })
  )
}

const piece = (text: string) => ({ at: "2026-01-01T00:00:00.000Z", kind: "text", text })

const long = "n".repeat(300)
/** Names of phases that a file name, a key or a careless escape could mistake for one another. */
const oddNames = ["..", "a/../../b", "näh te", "-", "x.1", "a/b", "a:b", "a_b", "a%2Fb", "✓", `${long}1`, `${long}2`]

const sessions: Suite = (test) => {
  test(
    "keeps the last record of each phase of each run",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const [run, other] = [yield* freshRun("sessions"), yield* freshRun("sessions")]
      assert.isUndefined(yield* store.session(run, "plan"))
      yield* store.putSession(record(run, "plan", "pending"))
      yield* store.putSession(record(run, "plan", "completed"))
      yield* store.putSession(record(run, "review", "running"))
      yield* store.putSession(record(other, "plan", "failed"))
      assert.deepStrictEqual(yield* store.session(run, "plan"), record(run, "plan", "completed"))
      assert.deepStrictEqual(yield* store.session(run, "review"), record(run, "review", "running"))
      assert.deepStrictEqual(yield* store.session(other, "plan"), record(other, "plan", "failed"))
    })
  )

  test(
    "takes the records of several phases at once, while events are appended, and gives all of them up with the run",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("at-once")
      yield* store.append(run, 0, [runStarted("w")])
      const names = Array.from({ length: 20 }, (_, index) => `phase-${index}`)
      const written = names.map((phase) =>
        Effect.andThen(
          store.putSession(record(run, phase, "running")),
          store.putSession(record(run, phase, "completed"))
        )
      )
      yield* Effect.all([...written, store.append(run, 1, [completed])], { concurrency: "unbounded", discard: true })
      for (const phase of names) {
        assert.deepStrictEqual(yield* store.session(run, phase), record(run, phase, "completed"))
      }
      assert.strictEqual((yield* store.read(run)).length, 2)
      yield* store.remove(run)
      for (const phase of names) assert.isUndefined(yield* store.session(run, phase))
    })
  )
}

const phases: Suite = (test) => {
  test(
    "takes a phase by any name, and keeps it apart from every other",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("names")
      for (const phase of oddNames) {
        yield* store.putSession(record(run, phase, "running"))
        yield* store.appendTranscript(run, phase, 1, [piece(phase)])
      }
      for (const phase of oddNames) {
        assert.deepStrictEqual(yield* store.session(run, phase), record(run, phase, "running"))
        assert.deepStrictEqual((yield* store.transcript(run, phase, 1)).map(({ text }) => text), [phase])
      }
    })
  )

  test(
    "appends to the transcript of an attempt and of no other",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const run = yield* freshRun("transcript")
      yield* store.appendTranscript(run, "plan", 1, [piece("one"), piece("two\n")])
      yield* store.appendTranscript(run, "plan", 2, [piece("other")])
      yield* store.appendTranscript(run, "plan", 1, [])
      yield* store.appendTranscript(run, "plan", 1, [piece("three")])
      assert.deepStrictEqual(yield* store.transcript(run, "plan", 1), [piece("one"), piece("two\n"), piece("three")])
      assert.deepStrictEqual(yield* store.transcript(run, "review", 1), [])
    })
  )
}

export const sessionStoreSuite = <E>(name: string, layer: Layer.Layer<SessionStore, E>): void => {
  const test: Parameters<Suite>[0] = (title, body) => it.effect(title, () => Effect.provide(body, layer))
  describe(`session store: ${name}`, () => {
    journals(test)
    writers(test)
    contents(test)
    lists(test)
    cursors(test)
    sessions(test)
    phases(test)

    it.effect.prop(
      "reads back any batches of any texts",
      [Schema.Array(Schema.NonEmptyArray(Schema.String))],
      ([batches]) =>
        Effect.gen(function*() {
          const store = yield* SessionStore
          const run = yield* freshRun("any")
          const expected = [...(yield* store.append(run, 0, [runStarted("w")]))]
          for (const [first, ...rest] of batches) {
            expected.push(...(yield* store.append(run, expected.length, [failed(first), ...rest.map(failed)])))
          }
          assert.deepStrictEqual(yield* store.read(run), expected)
          assert.strictEqual((yield* store.unfinished).find((head) => head.run === run)?.sequence, expected.length)
        }).pipe(Effect.provide(layer)),
      { arbitrary: { runs: 25 } }
    )
  })
}
