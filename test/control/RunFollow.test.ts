/** Replay, then live, over real fan-out and a real store: whatever happens in between, each event once and in order. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import { runStarted } from "../../layers/Testing.ts"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { followRun } from "../../src/control/RunFollow.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { replay } from "../../src/run/CatchUp.ts"
import { fromTheBeginning } from "../../src/run/Cursor.ts"
import { commit, makeActor } from "../../src/run/RunActor.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"

const phase = { phase: "review", attempt: 1 }
const gate: RunEvent = { _tag: "GateOpened", ...phase, instructions: "look", note_required: false }
const approved: RunEvent = { _tag: "GateDecided", ...phase, approved: true }

const upTo = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Each number is how often somebody lets the others go first: before an append, before an event is read. */
const Turns = Schema.NonEmptyArray(upTo(0, 4))

const Life = Schema.Struct({
  before: upTo(0, 30),
  appends: upTo(0, 30),
  writing: Turns,
  reading: Turns,
  /** After how many events the connection is lost, each time. */
  cuts: Schema.Array(upTo(1, 12)),
  /** Batches that a slow reader may be behind. */
  capacity: upTo(1, 4)
})

type Life = typeof Life.Type

const pauses = (turns: ReadonlyArray<number>) => {
  let at = 0
  return Effect.suspend(() =>
    Effect.replicateEffect(Effect.yieldNow, turns[at++ % turns.length] ?? 0, { discard: true })
  )
}

const live = Effect.fnUntraced(function*({ appends, before, cuts, reading, writing }: Life, run: RunId) {
  const sources = { notifications: yield* Notifications, store: yield* SessionStore }
  const actor = makeActor(run)
  const write = Effect.fnUntraced(function*(count: number) {
    for (let n = 0; n < count; n++) {
      yield* pauses(writing)
      yield* commit(actor, n % 2 === 0 ? gate : approved)
    }
  })
  yield* commit(actor, runStarted("w"))
  yield* write(before)
  const heard: Array<WorkflowEvent> = []
  let cursor = "0"
  const follow = (cut: number) =>
    followRun(sources, run, cursor).pipe(
      Effect.map((events) =>
        events.pipe(
          Stream.tap((event) => {
            heard.push(event)
            cursor = event.cursor ?? cursor
            return pauses(reading)
          }),
          Stream.take(cut)
        )
      ),
      Stream.unwrap,
      Stream.takeUntil(({ kind }) => kind === "workflow_cancelled"),
      Stream.runDrain
    )
  const reader = Effect.forEach([...cuts, Infinity], follow, { discard: true })
  const writer = Effect.andThen(write(appends), commit(actor, { _tag: "RunCancelled", reason: "enough" }))
  yield* Effect.all([reader, writer], { concurrency: "unbounded" })
  const journal = replay(run, yield* sources.store.read(run), fromTheBeginning).events
  return { heard, journal }
})

describe("following a run", () => {
  it.effect.prop(
    "gives exactly the journal, once and in order, over any interleaving, lag and loss of the connection",
    { life: Life },
    ({ life }) =>
      Effect.gen(function*() {
        const { heard, journal } = yield* live(life, RunId.make("run-1"))
        const told = heard.filter(({ kind }) => kind !== "synced")
        assert.deepStrictEqual(told.map(({ cursor }) => cursor), journal.map(({ cursor }) => cursor))
        assert.deepStrictEqual(told, journal)
        assert.isAtMost(heard.length - told.length, life.cuts.length + 1)
      }).pipe(Effect.provide(Layer.mergeAll(
        SessionStoreMemory.layer,
        Notifications.layerOf({ capacity: life.capacity, bytes: 1024 * 1024 })
      ))),
    { arbitrary: { runs: 60 }, timeout: 180_000 }
  )

  it.effect("says where it is up to date, and refuses what is no cursor of the run", () =>
    Effect.gen(function*() {
      const sources = { notifications: yield* Notifications, store: yield* SessionStore }
      const run = RunId.make("run-1")
      const actor = makeActor(run)
      yield* commit(actor, runStarted("w"))
      yield* commit(actor, gate)
      const first = yield* followRun(sources, run, "2.0").pipe(Stream.unwrap, Stream.take(2), Stream.runCollect)
      assert.deepStrictEqual([...first].map(({ cursor, kind }) => [kind, cursor]), [
        ["decision_needed", "2"],
        ["synced", "2"]
      ])
      const wrong = [[run, "x", "no cursor"], [run, "9", "2 entries"], ["nope", "0", "no run nope"]] as const
      for (const [id, after, said] of wrong) {
        const refused = yield* Effect.flip(Effect.scoped(followRun(sources, id, after)))
        assert.include(refused.message, said)
      }
    }).pipe(Effect.provide(Layer.mergeAll(SessionStoreMemory.layer, Notifications.layer))))
})
