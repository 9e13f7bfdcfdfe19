import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DispatchQueueFile from "../../layers/DispatchQueueFile.ts"
import * as DispatchQueueMemory from "../../layers/DispatchQueueMemory.ts"
import { SessionStoreFailed, StoreFull } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { empty, type QueueEvent } from "../../src/schedule/QueueState.ts"
import { mintRunId } from "../../src/schedule/RunIds.ts"
import { dispatch, listed, nameOf } from "./Queueing.ts"

const run = (name: string) => RunId.make(name)

const folder = Effect.acquireRelease(
  Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "animus-queue-"))),
  (path) => Effect.promise(() => Fs.rm(path, { recursive: true }))
)
const inFolder = (scopeDir: string) => {
  const scope = ProjectScope.of({
    projectRoot: scopeDir,
    projectDir: scopeDir,
    configDir: scopeDir,
    scopeDir,
    socketPath: ""
  })
  return DispatchQueueFile.layer.pipe(Layer.provide(Layer.succeed(ProjectScope, scope)), Layer.fresh)
}
const journalIn = (scopeDir: string) => Path.join(scopeDir, "queue", "journal.jsonl")

const suite = (
  name: string,
  layer: Effect.Effect<Layer.Layer<DispatchQueue, SessionStoreFailed>, never, import("effect").Scope.Scope>
) => {
  const test = (title: string, body: Effect.Effect<void, unknown, DispatchQueue>) =>
    it.effect(title, () => Effect.scoped(Effect.flatMap(layer, (queue) => Effect.provide(body, queue))))

  describe(name, () => {
    test(
      "leases by priority, then age, to the run that asks",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        yield* Effect.forEach(["a", "b", "c"], (name, index) => queue.enqueue(dispatch(name), index === 1 ? 3 : 1))
        const leased = yield* Effect.forEach(["r1", "r2", "r3", "r4"], (name) => queue.lease(run(name)))
        assert.deepStrictEqual(leased.map((entry) => entry && [nameOf(entry), entry.run]), [["b", "r1"], ["a", "r2"], [
          "c",
          "r3"
        ], undefined])
        assert.deepStrictEqual(yield* queue.stats, { pending: 0, held: 0, assigned: 3, done: 0, dropped: 0 })
      })
    )

    test(
      "makes no second entry of an event whose work is over, and one of the next event",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        const sent = (event: string) => ({
          ...dispatch("a"),
          subject: { ...dispatch("a").subject, metadata: { event } }
        })
        yield* queue.enqueue(sent("p:1"), 1)
        yield* queue.lease(run("r1"))
        yield* queue.complete(run("r1"))
        assert.deepStrictEqual((yield* queue.enqueue(sent("p:1"), 1)).dispatch, sent("p:1"))
        assert.deepStrictEqual(yield* listed, [])
        yield* queue.enqueue(sent("p:2"), 1)
        assert.deepStrictEqual(yield* listed, ["a"])
      })
    )

    test(
      "makes one entry of the same work asked for at once",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        const entries = yield* Effect.all(Array.from({ length: 20 }, () => queue.enqueue(dispatch("a"), 1)), {
          concurrency: "unbounded"
        })
        assert.strictEqual(new Set(entries.map(({ id }) => id)).size, 1)
        yield* queue.enqueue(dispatch("a", "other"), 1)
        assert.deepStrictEqual(yield* listed, ["a", "a"])
      })
    )

    test(
      "never leases one entry twice",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        yield* Effect.forEach(Array.from({ length: 10 }), (_, index) => queue.enqueue(dispatch(String(index)), 1))
        const leased = yield* Effect.all(Array.from({ length: 20 }, (_, index) => queue.lease(run(`r${index}`))), {
          concurrency: "unbounded"
        })
        const ids = leased.flatMap((entry) => entry?.id ?? [])
        assert.deepStrictEqual([ids.length, new Set(ids).size], [10, 10])
      })
    )

    test(
      "holds, releases, drops, moves; and refuses what means nothing",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        const [a, b, c] = yield* Effect.forEach(
          ["a", "b", "c"],
          (name) => Effect.map(queue.enqueue(dispatch(name), 1), ({ id }) => id)
        )
        const [one, two, three] = [a ?? "", b ?? "", c ?? ""]
        yield* queue.hold(one, "not yet")
        assert.strictEqual((yield* Effect.flip(queue.hold(one, undefined)))._tag, "QueueEntryBusy")
        assert.strictEqual((yield* queue.lease(run("r1")))?.id, two)
        for (
          const verb of [queue.hold(two, undefined), queue.release(two), queue.drop(two), queue.reorder([two], "front")]
        ) {
          assert.strictEqual((yield* Effect.flip(verb))._tag, "QueueEntryBusy")
        }
        yield* queue.reorder([three], "front")
        assert.deepStrictEqual(yield* listed, ["c", "a:held", "b:assigned"])
        yield* queue.release(one)
        yield* queue.drop(three)
        assert.strictEqual((yield* Effect.flip(queue.drop(three)))._tag, "QueueEntryNotFound")
        assert.deepStrictEqual(yield* listed, ["a", "b:assigned"])
        assert.strictEqual((yield* queue.stats).dropped, 1)
      })
    )

    test(
      "strands nothing: completions and refusals go by the run, and strangers are no error",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        yield* queue.enqueue(dispatch("a"), 1)
        yield* queue.enqueue(dispatch("b"), 1)
        yield* queue.lease(run("r1"))
        yield* queue.lease(run("r2"))
        yield* queue.complete(run("nobody"))
        yield* queue.refuse(run("nobody"), "x")
        yield* queue.complete(run("r1"))
        yield* queue.complete(run("r1"))
        yield* queue.refuse(run("r2"), "its workflow is gone")
        const [left, ...others] = yield* queue.list
        assert.deepStrictEqual([left?.state, left?.hold_reason, left?.run, others.length], [
          "held",
          "its workflow is gone",
          undefined,
          0
        ])
        assert.strictEqual((yield* queue.stats).done, 1)
        yield* queue.enqueue(dispatch("a"), 1)
        assert.deepStrictEqual(yield* listed, ["b:held", "a"])
      })
    )

    test(
      "defers what needs something that is away, longer each time in a row and never beyond 15 minutes",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        const seconds: Array<number> = []
        yield* queue.enqueue(dispatch("a"), 1)
        for (let start = 0; start < 8; start++) {
          yield* queue.lease(run(`r${start}`))
          const now = yield* DateTime.now
          const until = yield* queue.defer(run(`r${start}`), "the tracker is away")
          seconds.push((Date.parse(until ?? "") - DateTime.toEpochMillis(now)) / 1000)
          yield* TestClock.adjust(Duration.seconds((seconds.at(-1) ?? 0) - 1))
          assert.isUndefined(yield* queue.lease(run("too-early")))
          const due = yield* Effect.forkChild(queue.awaitDue, { startImmediately: true })
          assert.isUndefined(due.pollUnsafe())
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(due)
        }
        assert.deepStrictEqual(seconds, [15, 30, 60, 120, 240, 480, 900, 900])
        assert.deepStrictEqual(yield* listed, ["a"])
        const [entry] = yield* queue.list
        yield* queue.release(entry?.id ?? "")
        assert.strictEqual((yield* queue.lease(run("at-once")))?.run, "at-once")
        assert.isUndefined(yield* queue.defer(run("nobody"), "x"))
      })
    )

    test(
      "leases nothing while it is paused, and wakes whoever waits when it is resumed",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        yield* queue.pause
        yield* queue.pause
        yield* queue.enqueue(dispatch("a"), 1)
        yield* queue.changed
        assert.isTrue(yield* queue.paused)
        assert.isUndefined(yield* queue.lease(run("r1")))
        const waiting = yield* Effect.forkChild(queue.changed)
        yield* queue.resume
        yield* Fiber.join(waiting)
        assert.isFalse(yield* queue.paused)
        assert.strictEqual((yield* queue.lease(run("r1")))?.run, "r1")
      })
    )

    test(
      "tells of a change that came before anybody waited, once",
      Effect.gen(function*() {
        const queue = yield* DispatchQueue
        yield* queue.enqueue(dispatch("a"), 1)
        yield* queue.enqueue(dispatch("b"), 1)
        yield* queue.changed
        const waiting = yield* Effect.forkChild(queue.changed)
        yield* TestClock.adjust("1 hour")
        assert.isUndefined(waiting.pollUnsafe())
        yield* queue.enqueue(dispatch("a"), 1)
        assert.isUndefined(waiting.pollUnsafe())
        yield* queue.enqueue(dispatch("c"), 1)
        yield* Fiber.join(waiting)
      })
    )
  })
}

suite("a queue in memory", Effect.succeed(Layer.fresh(DispatchQueueMemory.layer)))
suite("a queue in a file", Effect.map(folder, inFolder))

describe("a queue in a file", () => {
  const fill = Effect.gen(function*() {
    const queue = yield* DispatchQueue
    for (const [index, name] of ["a", "b", "c", "d"].entries()) yield* queue.enqueue(dispatch(name), index)
    yield* queue.lease(run("r1"))
    const [, second] = yield* queue.list
    yield* queue.hold(second?.id ?? "", "later")
    yield* queue.reorder([(yield* queue.list).at(-1)?.id ?? ""], "front")
    return [yield* queue.list, yield* queue.stats] as const
  })
  const look = DispatchQueue.use((queue) => Effect.all([queue.list, queue.stats]))

  it.effect("is after a restart what it was, from a file of one line", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const before = yield* Effect.provide(fill, inFolder(path))
      for (let start = 0; start < 3; start++) {
        assert.deepStrictEqual(yield* Effect.provide(look, inFolder(path)), [...before])
      }
      const text = yield* Effect.promise(() => Fs.readFile(journalIn(path), "utf8"))
      assert.strictEqual(text.split("\n").length, 2)
    }))

  it.effect("is as paused after a restart as before it", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const restarted = <A, E>(body: (queue: DispatchQueue["Service"]) => Effect.Effect<A, E>) =>
        Effect.provide(DispatchQueue.use(body), inFolder(path))
      yield* restarted((queue) => Effect.andThen(queue.enqueue(dispatch("a"), 1), queue.pause))
      for (let start = 0; start < 3; start++) assert.isTrue(yield* restarted((queue) => queue.paused))
      assert.isUndefined(yield* restarted((queue) => queue.lease(run("r1"))))
      yield* restarted((queue) => queue.resume)
      for (let start = 0; start < 3; start++) assert.isFalse(yield* restarted((queue) => queue.paused))
    }))

  it.effect("loses at most what was never acknowledged", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const before = yield* Effect.provide(fill, inFolder(path))
      yield* Effect.promise(() => Fs.appendFile(journalIn(path), "{\"crc\":\"0000"))
      assert.deepStrictEqual(yield* Effect.provide(look, inFolder(path)), [...before])
    }))

  it.effect("refuses damage in the middle, with its place", () =>
    Effect.gen(function*() {
      const path = yield* folder
      yield* Effect.provide(fill, inFolder(path))
      const text = yield* Effect.promise(() => Fs.readFile(journalIn(path), "utf8"))
      yield* Effect.promise(() => Fs.writeFile(journalIn(path), text.replace("task:b", "task:x")))
      const error = yield* Effect.flip(Effect.provide(look, inFolder(path)))
      assert.match(error.message, /journal\.jsonl:2 is damaged/)
    }))
})

it.effect("what the disk refuses did not happen", () =>
  Effect.gen(function*() {
    let full = false
    const kept: Array<QueueEvent> = []
    const append = (event: QueueEvent) =>
      full
        ? Effect.fail(new SessionStoreFailed({ reason: new StoreFull({ path: "q" }) }))
        : Effect.sync(() => void kept.push(event))
    const queue = yield* DispatchQueue.make({ initial: empty, append })
    yield* queue.enqueue(dispatch("a"), 1)
    full = true
    assert.strictEqual((yield* Effect.flip(queue.enqueue(dispatch("b"), 1)))._tag, "SessionStoreFailed")
    assert.strictEqual((yield* Effect.flip(queue.lease(run("r"))))._tag, "SessionStoreFailed")
    assert.deepStrictEqual((yield* queue.list).map(({ state }) => state), ["pending"])
    full = false
    assert.strictEqual((yield* queue.lease(run("r")))?.run, "r")
    assert.deepStrictEqual(kept.map(({ _tag }) => _tag), ["Enqueued", "Leased"])
  }))

it.effect("run ids sort by time and can be file names", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2026, 10, 24, 4, 15, 30))
    const first = yield* mintRunId
    assert.match(first, /^20261124-041530-[0-9a-z]{6}$/)
    yield* TestClock.adjust("1 second")
    assert.isTrue((yield* mintRunId) > first)
    const many = yield* Effect.replicateEffect(mintRunId, 200)
    assert.strictEqual(new Set(many).size, 200)
  }))
