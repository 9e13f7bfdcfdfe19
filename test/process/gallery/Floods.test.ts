/** Rogues that say more than anybody can hear. One after the other, since memory is what they would take. */
import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { call, type Host, show, until, watch } from "./Gallery.ts"

const COUNT = 100_000
const NEIGHBOURLY = 20
const PAUSE = 20
/** Milliseconds that an answer may take longer while a rogue speaks; beside a quiet one it takes one or two. */
const PROMPT = 50

const neighbour = (host: Host) => host.call("neighbour", "ping", {}, { timeout: 10_000 })

/** How long the neighbour takes to answer, most of the time. */
const pace = Effect.fnUntraced(function*(host: Host) {
  const pings = Array.from({ length: NEIGHBOURLY }, () => Effect.delay(Effect.timed(neighbour(host)), PAUSE))
  const took = (yield* Effect.all(pings)).map(([duration]) => Duration.toMillis(duration))
  return took.toSorted((a, b) => a - b)[NEIGHBOURLY / 2] ?? Infinity
})

const numberOf = (params: unknown): unknown =>
  typeof params === "object" && params !== null && "n" in params && params.n

describe("a plugin that, without end,", () => {
  show([
    {
      rogue: "prints-garbage-for-ever",
      promise: "costs its callers no more than their deadline",
      calls: ["RequestTimedOut"],
      unready: true
    },
    {
      rogue: "opens-objects-for-ever",
      promise: "fills no memory with what it leaves open",
      calls: ["RequestTimedOut"]
    },
    {
      rogue: "floods-and-never-reads",
      promise: "costs its callers no more than their deadline",
      calls: ["RequestTimedOut", "RequestTimedOut"]
    },
    { rogue: "floods-stderr", promise: "is read, so that it gets through", calls: [["answered", "through"]] },
    {
      rogue: "floods-stderr-in-one-line",
      promise: "is read, so that it gets through",
      calls: [["answered", "through"]]
    }
  ])

  watch("floods-stdout", "neither fills the memory nor holds back answers", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "flood"), "flooding")
      for (let n = 0; n < NEIGHBOURLY; n++) assert.strictEqual(yield* call(host, "ping"), "pong")
    }))

  watch(
    "keeps-its-end-in-sight",
    "is not read over and over again, so it slows nobody down",
    (host) =>
      Effect.gen(function*() {
        yield* host.initialized("fixture")
        const before = yield* pace(host)
        const open = yield* Effect.forkChild(call(host, "work", 60_000))
        // Time enough for it to fill what it may, before the answers that count.
        yield* pace(host)
        const beside = yield* pace(host)
        assert.isUndefined(open.pollUnsafe(), "it has not answered")
        assert.isBelow(beside, 5 * before + PROMPT, `milliseconds; ${before} before it spoke`)
      })
  )

  watch(
    "never-reads",
    "makes its callers wait up to their deadline, and nobody else",
    (host) =>
      Effect.gen(function*() {
        const large = "x".repeat(3 * 1024 * 1024)
        const calls = yield* Effect.forkChild(Effect.forEach(
          Array.from({ length: 5 }),
          () => Effect.flip(host.call("fixture", "work", large, { timeout: 500 })),
          { concurrency: "unbounded" }
        ))
        for (let n = 0; n < NEIGHBOURLY; n++) assert.strictEqual(yield* neighbour(host), "well")
        assert.deepStrictEqual((yield* Fiber.join(calls)).map(({ _tag }) => _tag), Array(5).fill("RequestTimedOut"))
      })
  )

  watch(
    "notifies-100000-times",
    "waits for its owner, who then gets every one of them in order",
    (host) =>
      Effect.gen(function*() {
        const notes = yield* host.own("fixture", ({ method }) => method === "count")
        const answer = yield* Effect.forkChild(call(host, "work", 25_000))
        for (let n = 0; n < NEIGHBOURLY; n++) assert.strictEqual(yield* neighbour(host), "well")
        assert.isUndefined(answer.pollUnsafe(), "it could say all of it to nobody")
        let next = 0
        yield* notes.pipe(
          Stream.tap((batch) =>
            Effect.sync(() => {
              for (const { params } of batch) if (numberOf(params) === next) next++
            })
          ),
          Stream.takeUntil(() => next === COUNT),
          Stream.runDrain,
          Effect.timeout("20 seconds")
        )
        assert.strictEqual(yield* Fiber.join(answer), "all of them")
        assert.strictEqual(next, COUNT)
      })
  )

  watch(
    "notifies-100000-times",
    "is not held back by an observer, who loses the oldest",
    (host) =>
      Effect.gen(function*() {
        const notes = yield* host.notifications("fixture")
        assert.strictEqual(yield* call(host, "work", 25_000), "all of them")
        const [first = []] = yield* Stream.runCollect(Stream.take(notes, 1))
        assert.isAbove(Number(numberOf(first[0]?.params)), 0)
      })
  )

  watch(
    "notifies-in-9-mib",
    "is not read on while its owner has not taken a frame, and an observer keeps the last alone",
    (host, { root }) =>
      Effect.gen(function*() {
        const observed = yield* host.notifications("fixture")
        const owned = yield* host.own("fixture", ({ method }) => method === "much")
        yield* Effect.forkChild(call(host, "work", 25_000))
        const file = join(root, "written")
        const written = Effect.sync(() => existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").length : 0)
        yield* until("a second was read", written, (count) => count >= 2)
        // Time enough for all of it, were it read.
        for (let n = 0; n < 4 * NEIGHBOURLY; n++) yield* Effect.delay(neighbour(host), PAUSE)
        assert.isAtMost(yield* written, 3)
        const [first] = yield* Stream.runCollect(Stream.take(Stream.flattenIterable(owned), 1))
        assert.strictEqual(numberOf(first?.params), 0)
        const [newest = []] = yield* Stream.runCollect(Stream.take(observed, 1))
        assert.isAbove(Number(numberOf(newest[0]?.params)), 0)
      })
  )
})
