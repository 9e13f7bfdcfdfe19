/** Rogues that die at the wrong moment, or will not; close what they should keep, or keep what they should close. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schema, Stream } from "effect"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { withPlugins } from "../plugin/Workshop.ts"
import { call, type Host, show, showTogether, until, watch } from "./Gallery.ts"

const state = (host: Host) => Effect.map(host.status("fixture"), (status) => status.state)

const decodePids = Schema.decodeUnknownEffect(Schema.Array(Schema.Int))
const heirsOf = (host: Host) => Effect.flatMap(call(host, "heirs"), decodePids)

describe.concurrent("a plugin that, in its life,", () => {
  show([
    {
      rogue: "exits-0-in-every-call",
      promise: "fails each call, however contented it left",
      calls: [["ConnectionLost", "exit code 0"], ["ConnectionLost", "exit code 0"]]
    },
    {
      rogue: "dies-in-half-a-frame",
      promise: "has not answered",
      calls: [["ConnectionLost", "exit code 1"]]
    },
    {
      rogue: "closes-stdin",
      promise: "is lost at the next word to it, and who asks while that is found out waits for the next start",
      calls: [["answered", "deaf"], ["ConnectionLost", "its process lives on"], ["answered", "deaf"]]
    }
  ])

  showTogether([
    {
      rogue: "answers-late",
      promise: "answers nobody by it, least of all the next caller",
      calls: ["RequestTimedOut", ["answered", "answer 3"]]
    },
    { rogue: "closes-stderr", promise: "has nothing to add", calls: [["answered", "silent"], "answered"] },
    { rogue: "ignores-shutdown", promise: "is ended", calls: [["answered", "busy"]] },
    { rogue: "stays-after-shutdown", promise: "is ended, whatever it agreed to", calls: ["answered"] },
    {
      rogue: "stops-itself",
      promise: "costs its callers their deadline, and is ended all the same",
      calls: ["RequestTimedOut", "RequestTimedOut"]
    },
    { rogue: "leaves-a-daemon", promise: "does not leave it", calls: [["answered", "gone wild"]] },
    { rogue: "leaves-a-crowd", promise: "takes it along", calls: [["answered", "many"]] },
    { rogue: "fills-stderr", promise: "is read, so that it gets through", calls: [["answered", "through"]] }
  ])

  watch("ignores-sigterm", "is killed within seconds", (host) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* call(host, "ping"), "pong")
    }))

  watch(
    "crashes-in-a-stream",
    "leaves its owner all it wrote, in order, and then the end",
    (host) =>
      Effect.gen(function*() {
        const notes = yield* host.own("fixture", ({ method }) => method === "count")
        assert.strictEqual((yield* Effect.flip(call(host)))._tag, "ConnectionLost")
        const seen: Array<unknown> = []
        const end = yield* notes.pipe(
          Stream.runForEach((batch) => Effect.sync(() => seen.push(...batch.map(({ params }) => params)))),
          Effect.flip
        )
        assert.strictEqual(end._tag, "ConnectionLost")
        assert.deepStrictEqual(seen, Array.from({ length: 5000 }, (_, n) => ({ n })))
      })
  )

  watch("crashes-in-a-call", "fails what is open, and is back after a second", (host) =>
    Effect.gen(function*() {
      const first = yield* call(host, "pid")
      const open = yield* Effect.forkChild(Effect.flip(call(host, "hang")))
      const error = yield* Effect.flip(call(host, "die"))
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.include(error.message, "SIGKILL")
      assert.strictEqual((yield* Fiber.join(open))._tag, "ConnectionLost")
      yield* until("it runs again", state(host), (now) => now === "running")
      assert.notStrictEqual(yield* call(host, "pid"), first)
    }))

  watch(
    "closes-stdout",
    "counts as lost and is ended, though it would live on",
    (host, { cookie }) =>
      Effect.gen(function*() {
        const table = yield* ProcessTable
        yield* host.initialized("fixture")
        const before = (yield* table.carrying(cookie)).find(({ plugin }) => plugin === "fixture")
        const error = yield* Effect.flip(call(host))
        assert.strictEqual(error._tag, "ConnectionLost")
        yield* until("it is gone", table.isAlive(before?.pid ?? 0), (alive) => !alive)
      })
  )

  watch(
    "leaves-a-grandchild",
    "is not outlived by it when the host closes",
    (host, { cookie }) =>
      Effect.gen(function*() {
        const table = yield* ProcessTable
        assert.isNumber(yield* call(host, "pid"))
        const family = (yield* table.carrying(cookie)).filter(({ plugin }) => plugin === "fixture")
        assert.strictEqual(family.length, 2)
      })
  )

  watch(
    "closes-stdout",
    "keeps no caller longer than it would wait, to learn how it ended",
    (host) =>
      Effect.gen(function*() {
        yield* host.initialized("fixture")
        const [took, error] = yield* Effect.timed(Effect.flip(call(host, "work", 300)))
        assert.strictEqual(error._tag, "ConnectionLost")
        assert.isBelow(Duration.toMillis(took), 1_900)
      })
  )

  watch("leaves-a-grandchild", "is known to be dead though its pipes stay open", (host) =>
    Effect.gen(function*() {
      const table = yield* ProcessTable
      const grandchild = Number(yield* call(host, "pid"))
      const error = yield* Effect.flip(call(host, "die"))
      assert.strictEqual(error._tag, "ConnectionLost")
      yield* until("its grandchild is gone", table.isAlive(grandchild), (alive) => !alive)
      assert.isNumber(yield* call(host, "pid"))
    }))

  it.live("leaves-escaped-heirs: takes them along when the host closes, whatever group and environment they chose", () =>
    Effect.gen(function*() {
      const table = yield* ProcessTable
      const { result: heirs } = yield* withPlugins({ fixture: "leaves-escaped-heirs" }, heirsOf)
      assert.lengthOf(heirs, 2)
      assert.deepStrictEqual(yield* Effect.filter(heirs, table.isAlive), [])
    }).pipe(Effect.provide(ProcessTableLinux.layer)))

  watch(
    "leaves-escaped-heirs",
    "is survived by none of them when it dies by itself",
    (host) =>
      Effect.gen(function*() {
        const table = yield* ProcessTable
        const heirs = yield* heirsOf(host)
        yield* Effect.flip(call(host, "die"))
        yield* until("they are gone", Effect.filter(heirs, table.isAlive), (alive) => alive.length === 0)
      })
  )
})
