/** One word to many runs, and the end of old ones, through the daemon of doubles. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as Test from "../../layers/Test.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { agent, manual, workflow } from "../run/World.ts"

const daemon = Test.layer({
  workflows: [workflow(agent("implement"), manual("review"))],
  agent: ({ request }) => request.prompt.includes("Hang") ? Effect.never : Effect.succeed("done")
})

/** Runs on subjects with these titles; one about "Hang" is at work for ever, any other waits at its gate. */
const running = Effect.fnUntraced(function*(...titles: ReadonlyArray<string>) {
  const control = yield* ControlClient
  const engine = yield* RunEngine
  const ids = yield* Effect.forEach(titles, (title) =>
    Effect.gen(function*() {
      const { id } = yield* control["subject/create"]({ kind: "task", title })
      const { workflow_id } = yield* control["workflow/run"]({ task_id: id, params: {} })
      if (title !== "Hang") yield* engine.settled(RunId.make(workflow_id))
      return workflow_id
    }))
  const stateOf = (id: string) => Effect.map(engine.get(RunId.make(id)), ({ head }) => head.status)
  return { control, engine, ids, stateOf }
})

const word = { ids: [], all: false, dry_run: false } as const

describe("bulk", () => {
  it.effect("asks each on its own, and tells what became of each", () =>
    Effect.gen(function*() {
      const { control, ids: [hanging = "", waiting = ""], stateOf } = yield* running("Hang", "Gate")
      const ids = [hanging, waiting, "nope", hanging]
      const dry = yield* control["workflow/bulk"]({ ...word, op: "pause", ids, dry_run: true })
      assert.deepStrictEqual(dry.items.map(({ ok, state }) => [ok, state]), [
        [true, "running"],
        [false, "waiting"],
        [false, undefined]
      ])
      assert.strictEqual(yield* stateOf(hanging), "running")
      const { items, ...counts } = yield* control["workflow/bulk"]({ ...word, op: "pause", ids })
      assert.deepStrictEqual(counts, { op: "pause", all: false, dry_run: false, requested: 3, succeeded: 1, failed: 2 })
      assert.include(items[1]?.error, `animus workflow approve ${waiting}`)
      assert.strictEqual(yield* stateOf(hanging), "paused")
    }).pipe(Effect.provide(daemon)))

  it.effect("a dry run says no where the word itself would be refused", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const store = yield* SessionStore
      const hosted = RunId.make("hosted")
      const started = runStarted("w")
      if (started._tag !== "RunStarted") return assert.fail("another event")
      yield* store.append(hosted, 0, [{ ...started, runner: "theirs" }])
      for (const dry_run of [true, false]) {
        const { failed } = yield* control["workflow/bulk"]({ ...word, op: "pause", ids: [hosted], dry_run })
        assert.strictEqual(failed, 1)
      }
    }).pipe(Effect.provide(daemon)))

  it.effect("all means those that the word is for", () =>
    Effect.gen(function*() {
      const { control, ids: [hanging = "", waiting = ""], stateOf } = yield* running("Hang", "Gate")
      const paused = yield* control["workflow/bulk"]({ ...word, op: "pause", all: true })
      assert.deepStrictEqual(paused.items.map(({ id, ok }) => [id, ok]), [[hanging, true]])
      yield* control["workflow/bulk"]({ ...word, op: "resume", all: true })
      assert.strictEqual(yield* stateOf(hanging), "running")
      const cancelled = yield* control["workflow/bulk"]({ ...word, op: "cancel", all: true })
      assert.deepStrictEqual([cancelled.succeeded, cancelled.failed], [2, 0])
      assert.deepStrictEqual([yield* stateOf(hanging), yield* stateOf(waiting)], ["cancelled", "cancelled"])
      const both = yield* Effect.flip(control["workflow/bulk"]({ ...word, op: "cancel", all: true, ids: ["x"] }))
      assert.include(both.message, "one of both")
    }).pipe(Effect.provide(daemon)))
})

describe("prune", () => {
  it.effect("shows what it would remove, keeps what was not asked for, and takes nothing that lives", () =>
    Effect.gen(function*() {
      const { control, engine, ids: [failed = "", cancelled = "", waiting = ""] } = yield* running("A", "B", "C")
      yield* control["workflow/reject"]({ id: failed, phase: "review" })
      yield* engine.settled(RunId.make(failed))
      yield* control["workflow/cancel"]({ id: cancelled })
      const { runs } = yield* SessionStoreMemory
      const prune = { status: [], keep: 0, dry_run: true }
      const shown = yield* control["workflow/prune"](prune)
      assert.sameMembers(shown.items.map(({ id }) => id), [failed, cancelled])
      assert.strictEqual((yield* control["workflow/prune"]({ ...prune, keep: 1 })).requested, 1)
      assert.strictEqual((yield* control["workflow/prune"]({ ...prune, before: "1970-01-01T00:00:00Z" })).requested, 0)
      assert.strictEqual(runs().length, 3)
      yield* control["workflow/prune"]({ ...prune, status: ["failed"], dry_run: false })
      assert.sameMembers([...runs()], [cancelled, waiting])
      assert.strictEqual((yield* Effect.flip(engine.get(RunId.make(failed))))._tag, "RunNotFound")
      const refused = yield* Effect.flip(engine.remove(RunId.make(waiting)))
      assert.include(refused.message, "cannot prune run")
    }).pipe(Effect.provide(daemon)))
})
