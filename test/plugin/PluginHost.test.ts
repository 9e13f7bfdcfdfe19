import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { HostVersion, PluginHost } from "../../src/plugin/PluginHost.ts"
import { answer, greet, hostOf, initializeResult, makePuppets, note, refuse, script, serving } from "./scripted.ts"

const call = (method: string, params: unknown = {}, timeout?: number) =>
  Effect.flatMap(PluginHost, (host) => host.call("demo", method, params, timeout === undefined ? {} : { timeout }))

const echo = serving(({ id, params }, { say }) => id === undefined ? Effect.void : say(answer(id, params)))

describe("handshake", () => {
  it.effect("starts the plugin at first use and tells it who is there", () => {
    const asked: Array<unknown> = []
    const program = script((talk) =>
      Effect.gen(function*() {
        const first = yield* talk.take
        asked.push(first.method, first.params)
        yield* talk.say(answer(first.id, initializeResult()))
        asked.push((yield* talk.take).method)
        const next = yield* talk.take
        yield* talk.say(answer(next.id, "hello"))
        yield* talk.take
      })
    )
    return Effect.gen(function*() {
      const host = yield* PluginHost
      assert.strictEqual((yield* host.status("demo")).state, "idle")
      assert.strictEqual(yield* call("greet"), "hello")
      assert.deepStrictEqual(asked, ["initialize", {
        protocol_version: "1.1.0",
        host_info: { name: "animus", version: "9.8.7" },
        capabilities: { streaming: true, progress: true, cancellation: true },
        init_extensions: { project_binding: { project_root: "/project" } }
      }, "initialized"])
      assert.strictEqual((yield* host.status("demo")).state, "running")
    }).pipe(Effect.provide(hostOf(program).pipe(Layer.provide(Layer.succeed(HostVersion, "9.8.7")))))
  })

  const rejected = (program: Parameters<typeof hostOf>[0]) =>
    Effect.flip(call("anything")).pipe(Effect.provide(hostOf(program)))

  it.effect("rejects another protocol major, and what is no version at all", () =>
    Effect.gen(function*() {
      for (const version of ["2.0.0", "one"]) {
        const error = yield* rejected(script(({ say, take }) =>
          Effect.flatMap(take, ({ id }) => say(answer(id, initializeResult({}, version)))).pipe(
            Effect.andThen(Effect.never)
          )
        ))
        assert.strictEqual(error._tag, "ProtocolMismatch")
      }
    }))

  it.effect("rejects a plugin that refuses initialize, with its words", () =>
    Effect.gen(function*() {
      const error = yield* rejected(script(({ say, take }) =>
        Effect.flatMap(take, ({ id }) => say(refuse(id, -32602, "too new for me"))).pipe(Effect.andThen(Effect.never))
      ))
      assert.strictEqual(error._tag, "HandshakeFailed")
      assert.include(error.message, "too new for me")
    }))

  it.effect("rejects an answer that is no InitializeResult", () =>
    Effect.gen(function*() {
      const error = yield* rejected(script(({ say, take }) =>
        Effect.flatMap(take, ({ id }) => say(answer(id, { hello: 1 }))).pipe(Effect.andThen(Effect.never))
      ))
      assert.strictEqual(error._tag, "HandshakeFailed")
    }))

  it.effect("gives a plugin that never answers thirty seconds", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(rejected(script(() => Effect.never)))
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "HandshakeFailed")
      assert.include(error.message, "30000 ms")
    }))

  it.effect("tells the exit code and the last words of one that ends at once", () =>
    Effect.gen(function*() {
      const error = yield* rejected(script(({ complain }) => Effect.as(complain("no license\n"), 3)))
      assert.strictEqual(error._tag, "PluginCrashed")
      assert.include(error.message, "exit code 3")
      assert.include(error.message, "no license")
    }))

  it.effect("knows no plugin of another name", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      const error = yield* Effect.flip(host.call("other", "x", {}))
      assert.strictEqual(error._tag, "PluginNotFound")
    }).pipe(Effect.provide(hostOf(echo))))
})

describe("calls", () => {
  it.effect("correlates answers that come in another order", () => {
    const program = script((talk) =>
      Effect.gen(function*() {
        yield* greet(talk)
        const first = yield* talk.take
        const second = yield* talk.take
        yield* talk.say(answer(second.id, second.params))
        yield* talk.say(answer(first.id, first.params))
        yield* talk.take
      })
    )
    return Effect.gen(function*() {
      const both = yield* Effect.all([call("a", "one"), call("b", "two")], { concurrency: 2 })
      assert.deepStrictEqual(both, ["one", "two"])
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("goes on after garbage, blank lines and stray answers", () => {
    const program = serving(({ id }, { print, say }) =>
      print(
        `Listening...\n\n{"broken": \n{"jsonrpc":"2.0","id":99,"result":0}\n{"jsonrpc":"2.0","id":"1","result":0}\n`
      )
        .pipe(Effect.andThen(say(answer(id, "still here"))))
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* call("x"), "still here")
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("maps refusals: unsupported methods apart from the plugin's own errors", () => {
    const codes: Record<string, number> = { a: -32601, b: -32001, c: -32602 }
    const program = serving(({ id, method }, { say }) => say(refuse(id, codes[method] ?? 0, "no")))
    return Effect.gen(function*() {
      const errors = yield* Effect.forEach(["a", "b", "c"], (method) => Effect.flip(call(method)))
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), [
        "MethodNotSupported",
        "MethodNotSupported",
        "PluginRefused"
      ])
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("times out, cancels, and ignores the late answer", () => {
    const seen: Array<string> = []
    const program = serving((frame, { say }) => {
      seen.push(frame.method)
      if (frame.method === "slow") return Effect.void
      if (frame.method === "$/cancelRequest") return say(answer((frame.params as { id: number }).id, "late"))
      return say(answer(frame.id, "quick"))
    }, { cancellation: true })
    return Effect.gen(function*() {
      yield* PluginHost.use((host) => host.initialized("demo"))
      const slow = yield* Effect.forkChild(Effect.flip(call("slow", {}, 5_000)))
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(slow)
      assert.strictEqual(error._tag, "RequestTimedOut")
      assert.strictEqual(yield* call("next"), "quick")
      assert.deepStrictEqual(seen, ["slow", "$/cancelRequest", "next"])
    }).pipe(Effect.provide(hostOf(program)))
  })

  it.effect("does not send a frame of more than 16 MiB", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(call("x", "y".repeat(16 * 1024 * 1024)))
      assert.strictEqual(error._tag, "FrameTooLarge")
      assert.strictEqual(yield* call("x", "small"), "small")
    }).pipe(Effect.provide(hostOf(echo))))

  it.effect("fails every open call with ConnectionLost when the process ends in the middle", () => {
    const program = serving(({ method }) => method === "die" ? Effect.succeed(9) : Effect.void)
    return Effect.gen(function*() {
      const open = yield* Effect.forkChild(
        Effect.all(["a", "b"].map((method) => Effect.flip(call(method))), { concurrency: 2 })
      )
      const last = yield* Effect.flip(call("die"))
      assert.strictEqual(last._tag, "ConnectionLost")
      assert.include(last.message, "exit code 9")
      assert.deepStrictEqual((yield* Fiber.join(open)).map(({ _tag }) => _tag), ["ConnectionLost", "ConnectionLost"])
    }).pipe(Effect.provide(hostOf(program)))
  })
})

describe("notifications", () => {
  const COUNT = 5_000
  /** Notes before the answer: whoever has the answer has had the chance to read them all. */
  const chatty = serving(({ id }, { say }) =>
    Effect.forEach(Array.from({ length: COUNT }, (_, n) => n), (n) => say(note("tick", { n })), { discard: true }).pipe(
      Effect.andThen(say(answer(id, "done")))
    )
  )
  const numberOf = (params: unknown) => (params as { n: number }).n

  it.effect("an owner gets every one, in order, however slow it is", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      const notes = yield* host.own("demo", ({ method }) => method === "tick")
      const calling = yield* Effect.forkChild(call("go"))
      // The owner reads nothing for a while: the plugin must wait, not lose.
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(calling.pollUnsafe())
      const read = yield* notes.pipe(
        Stream.flattenIterable,
        Stream.take(COUNT),
        Stream.runCollect
      )
      assert.deepStrictEqual(read.map(({ params }) => numberOf(params)), Array.from({ length: COUNT }, (_, n) => n))
      assert.strictEqual(yield* Fiber.join(calling), "done")
    }).pipe(Effect.scoped, Effect.provide(hostOf(chatty))))

  it.effect("an observer that reads nothing loses the oldest and holds nobody up", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      const notes = yield* host.notifications("demo")
      assert.strictEqual(yield* call("go"), "done")
      const read = yield* notes.pipe(
        Stream.flattenIterable,
        Stream.takeUntil(({ params }) => numberOf(params) === COUNT - 1),
        Stream.runCollect
      )
      assert.isBelow(read.length, COUNT)
      assert.strictEqual(numberOf(read.at(-1)?.params), COUNT - 1)
    }).pipe(Effect.scoped, Effect.provide(hostOf(chatty, { notification_buffer_size: 4 }))))

  it.effect("a manifest's number is not the host's memory: past a bound it is cut, told once, and the plugin serves", () => {
    const lines: Array<string> = []
    const listening = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
    return Effect.gen(function*() {
      const host = yield* PluginHost
      const observed = yield* host.notifications("demo")
      assert.strictEqual(yield* call("go"), "done")
      assert.strictEqual(yield* call("go"), "done")
      assert.lengthOf(yield* Stream.runCollect(Stream.take(observed, 1)), 1)
      assert.lengthOf(lines.filter((line) => line.includes("16384") && line.includes("notification_buffer_size")), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(hostOf(chatty, { notification_buffer_size: 4_000_000_000 }).pipe(Layer.provideMerge(listening)))
    )
  })

  it.effect("streams end with the process: owners by ConnectionLost after all that was said, observers quietly", () => {
    const program = serving((_, { say }) => Effect.as(say(note("last", {})), 1))
    return Effect.gen(function*() {
      const host = yield* PluginHost
      const owned = yield* host.own("demo", () => true)
      const observed = yield* host.notifications("demo")
      yield* Effect.flip(call("die"))
      const seen: Array<string> = []
      const error = yield* owned.pipe(
        Stream.flattenIterable,
        Stream.runForEach(({ method }) => Effect.sync(() => seen.push(method))),
        Effect.flip
      )
      assert.strictEqual(error._tag, "ConnectionLost")
      assert.deepStrictEqual(seen, ["last"])
      const batches = yield* Stream.runCollect(observed)
      assert.deepStrictEqual(batches.flat().map(({ method }) => method), ["last"])
    }).pipe(Effect.scoped, Effect.provide(hostOf(program)))
  })

  it.effect("what a process wrote before it ended is waited for by looking, not by the clock alone", () => {
    const program = serving((_, { say }) => Effect.as(Effect.forEach([1, 2, 3], (n) => say(note("last", { n }))), 1))
    // As if this process stood still, sooner or later, while the time passed.
    return Effect.forEach(Array.from({ length: 12 }, (_, turns) => turns), (turns) =>
      Effect.gen(function*() {
        const host = yield* PluginHost
        const owned = yield* host.own("demo", () => true)
        yield* Effect.forkChild(Effect.flip(call("die")))
        for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
        yield* TestClock.adjust("10 seconds")
        const seen: Array<unknown> = []
        yield* owned.pipe(
          Stream.flattenIterable,
          Stream.runForEach(({ params }) => Effect.sync(() => seen.push(numberOf(params)))),
          Effect.flip
        )
        assert.deepStrictEqual(seen, [1, 2, 3], `after ${turns} turns`)
      }).pipe(Effect.scoped, Effect.provide(hostOf(program))))
  })

  it.effect("a restart does not wait for an owner of the process before, who keeps what it left", () =>
    Effect.gen(function*() {
      const { program, spawned } = yield* makePuppets
      yield* Effect.gen(function*() {
        const host = yield* PluginHost
        const first = yield* Effect.forkChild(host.initialized("demo"))
        const dying = yield* spawned
        yield* greet(dying)
        yield* Fiber.join(first)
        const owned = yield* host.own("demo", () => true)
        yield* Effect.forkChild(Effect.forEach(Array.from({ length: COUNT }), () => dying.say(note("tick"))))
        yield* TestClock.adjust("1 minute")
        yield* dying.kill
        yield* TestClock.adjust("10 seconds")
        const next = yield* spawned
        yield* greet(next)
        assert.strictEqual(
          (yield* Effect.repeat(host.status("demo"), { until: ({ pid }) => pid !== undefined })).state,
          "running"
        )
        const error = yield* Effect.flip(Stream.runDrain(owned))
        assert.include(error.message, "SIGTERM")
        yield* next.exit(0)
      }).pipe(Effect.scoped, Effect.provide(hostOf(program)))
    }))

  it.effect("an owner that leaves lets reading go on", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      const leave = yield* Deferred.make<void>()
      const owner = yield* Effect.forkChild(
        Effect.scoped(Effect.andThen(host.own("demo", () => true), Deferred.await(leave)))
      )
      const calling = yield* Effect.forkChild(call("go"))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(calling.pollUnsafe())
      yield* Deferred.succeed(leave, undefined)
      yield* Fiber.join(owner)
      assert.strictEqual(yield* Fiber.join(calling), "done")
    }).pipe(Effect.provide(hostOf(chatty))))
})

describe("the end", () => {
  it.effect("of one that is restarted is told by its reason, whatever the process says to it", () => {
    const answering = serving(({ method }) => method === "ping" ? Effect.void : Effect.never)
    const polite = serving(() => Effect.void)
    return Effect.forEach([polite, answering], (program) =>
      Effect.gen(function*() {
        const host = yield* PluginHost
        const owned = yield* host.own("demo", () => true)
        const open = yield* Effect.forkChild(Effect.flip(call("work")))
        yield* TestClock.adjust("10 millis")
        const restarting = yield* Effect.forkChild(host.restart("demo", "an operator restarted it"))
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(restarting)
        for (const error of [yield* Fiber.join(open), yield* Effect.flip(Stream.runDrain(owned))]) {
          assert.strictEqual(error._tag, "ConnectionLost")
          assert.include(error.message, "an operator restarted it")
        }
      }).pipe(Effect.scoped, Effect.provide(hostOf(program))))
  })

  it.effect("asks the plugin to leave: shutdown, then exit", () => {
    const seen: Array<string> = []
    const program = script((talk) =>
      Effect.gen(function*() {
        yield* greet(talk)
        while (true) {
          const frame = yield* talk.take
          seen.push(frame.method)
          if (frame.id !== undefined) yield* talk.say(answer(frame.id, {}))
          if (frame.method === "exit") return 0
        }
      })
    )
    return Effect.gen(function*() {
      yield* call("x").pipe(Effect.provide(hostOf(program)))
      assert.deepStrictEqual(seen, ["x", "shutdown", "exit"])
    })
  })

  it.effect("a plugin that does not listen any more is ended all the same", () => {
    const program = script((talk) =>
      Effect.gen(function*() {
        yield* greet(talk)
        const { id } = yield* talk.take
        yield* talk.say(answer(id, 1))
        return yield* Effect.never
      })
    )
    return Effect.gen(function*() {
      const called = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Effect.tap(call("x"), () => Deferred.succeed(called, undefined)).pipe(Effect.provide(hostOf(program)))
      )
      yield* Deferred.await(called)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    })
  })
})

describe("events", () => {
  it.effect("tells starts, restarts and the crash in order", () =>
    Effect.gen(function*() {
      const host = yield* PluginHost
      const queue = yield* Queue.bounded<string>(64)
      yield* host.events.pipe(Stream.runForEach(({ kind }) => Queue.offer(queue, kind)), Effect.forkScoped)
      yield* Effect.yieldNow
      yield* host.initialized("demo")
      for (let second = 0; second < 60; second++) yield* TestClock.adjust("1 second")
      const kinds = yield* Queue.takeN(queue, 12)
      assert.deepStrictEqual(kinds, [
        ...Array.from({ length: 5 }, () => ["started", "restart"]).flat(),
        "started",
        "crashed"
      ])
    }).pipe(Effect.scoped, Effect.provide(hostOf(script((talk) => Effect.as(greet(talk), 1))))))
})
