import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Latch, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import { DaemonNotRunning } from "../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ControlConnection } from "../../src/control/ControlConnection.ts"
import type { ControlServer } from "../../src/control/ControlServer.ts"
import * as Doubles from "./Doubles.ts"
import * as Wire from "./Wire.ts"

const client = Layer.provideMerge(ControlClient.layer, ControlMemory.layer)

const withClient = <A, E>(
  test: (steering: Doubles.Steering) => Effect.Effect<A, E, ControlClient | ControlServer | Scope.Scope>
) =>
  Effect.flatMap(
    Doubles.steering,
    (steering) => Effect.provide(Effect.scoped(test(steering)), Layer.provideMerge(client, Doubles.server(steering)))
  )

/** A daemon that says what the test wants it to say, on each connection in turn. */
const scripted = <A, E>(
  script: (wire: ReturnType<typeof Wire.wireOf>) => Effect.Effect<void>,
  test: Effect.Effect<A, E, ControlClient | Scope.Scope>
) => {
  const connection = Layer.succeed(ControlConnection, {
    open: Effect.gen(function*() {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const pair = yield* Scope.provide(ControlMemory.channelPair, scope)
      yield* Effect.forkScoped(Effect.ensuring(script(Wire.wireOf(pair.server)), Scope.close(scope, Exit.void)))
      return pair.client
    })
  })
  return Effect.provide(Effect.scoped(test), Layer.provide(ControlClient.layer, connection))
}

const statusOf = Effect.flatMap(ControlClient, (control) => control["daemon/status"]({}))

describe("ControlClient", () => {
  it.effect("calls, typed on both sides", () =>
    withClient(() =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        expect(yield* control["daemon/status"]({})).toStrictEqual({ running: true, version: "1" })
        expect((yield* control["subject/get"]({ id: "task:1" })).labels).toStrictEqual([])
        const error = yield* Effect.flip(control["subject/get"]({ id: "missing" }))
        expect(error).toMatchObject({
          _tag: "ControlError",
          category: "not_found",
          message: "no such subject",
          data: { error: "X" }
        })
      })
    ))

  it.effect("a stream begins with its acknowledgement and ends as the daemon says", () =>
    withClient(() =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const ended = yield* Stream.runCollect(control["workflow/events"]({ workflow_id: "ending" }))
        expect(ended).toStrictEqual([{ watching: true }, Doubles.event("w", "workflow_completed")])
        const lagged = yield* Effect.flip(Stream.runDrain(control["workflow/events"]({ workflow_id: "lagging" })))
        expect(lagged).toMatchObject({ _tag: "ControlError", category: "unavailable", message: "buffer_full_lagged" })
        const refused = yield* Effect.flip(Stream.runDrain(control["workflow/events"]({ workflow_id: "refused" })))
        expect(refused).toMatchObject({ category: "not_found" })
      })
    ))

  it.effect("a stream that nobody reads on does not hold up calls, and ends in the daemon when it is left", () =>
    withClient((steering) =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const begun = yield* Deferred.make<void>()
        const stuck = yield* control["workflow/events"]({ workflow_id: "flood" }).pipe(
          Stream.runForEach(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)),
          Effect.forkScoped
        )
        yield* Deferred.await(begun)
        expect(yield* statusOf).toMatchObject({ running: true })
        yield* Fiber.interrupt(stuck)
        yield* Deferred.await(steering.interruption)
      })
    ))

  it.effect("interrupting a call cancels it in the daemon", () =>
    withClient((steering) =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const waiting = yield* Effect.forkScoped(control["daemon/pause"]({}))
        yield* statusOf
        yield* Fiber.interrupt(waiting)
        yield* Deferred.await(steering.interruption)
        expect(steering.interrupted).toBe(1)
      })
    ))

  it.effect("a call has a deadline, after which the daemon is told", () =>
    withClient((steering) =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const waiting = yield* Effect.forkScoped(Effect.flip(control["daemon/pause"]({})))
        yield* statusOf
        yield* TestClock.adjust("60 seconds")
        expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "ControlError", category: "unavailable" })
        yield* Deferred.await(steering.interruption)
      })
    ))

  /** The daemon never answers, and the caller hears so after this time and not before. */
  const waits = (seconds: number, ask: (control: ControlClient["Service"]) => Effect.Effect<unknown, unknown>) => {
    const asked = Latch.makeUnsafe(false)
    return scripted(
      (wire) => wire.line.pipe(Effect.andThen(asked.open), Effect.andThen(Effect.never)),
      Effect.gen(function*() {
        const waiting = yield* Effect.forkScoped(Effect.flip(ask(yield* ControlClient)))
        yield* asked.await
        yield* TestClock.adjust(Duration.seconds(seconds - 1))
        expect(waiting.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "ControlError", category: "unavailable" })
      })
    )
  }

  it.effect("a call to a plugin is waited for as long as its caller says, and a moment more", () =>
    waits(630, (control) => control["plugin/call"]({ name: "p", method: "work", params: null, timeout_secs: 600 })))

  it.effect("what asks a plugin is waited for until the daemon has named the plugin that did not answer", () =>
    waits(150, (control) => control["subject/get"]({ id: "task:1" })))

  it.effect("no daemon is a typed error, for calls and for streams", () => {
    const absent = Layer.succeed(ControlConnection, {
      open: Effect.fail(new DaemonNotRunning({ socketPath: "/s", detail: "there is no socket" }))
    })
    return Effect.gen(function*() {
      const control = yield* ControlClient
      expect(yield* Effect.flip(control["daemon/status"]({}))).toBeInstanceOf(DaemonNotRunning)
      expect(yield* Effect.flip(Stream.runDrain(control["daemon/events"]({})))).toBeInstanceOf(DaemonNotRunning)
    }).pipe(Effect.provide(Layer.provide(ControlClient.layer, absent)))
  })

  it.effect("a connection that is lost fails what was out on it, and the next call opens another", () => {
    let connections = 0
    return scripted(
      (wire) =>
        Effect.gen(function*() {
          const { id } = JSON.parse(yield* wire.line)
          if (++connections > 1) yield* wire.send(`{"jsonrpc":"2.0","id":${id},"result":{"running":false}}\n`)
        }),
      Effect.gen(function*() {
        expect(yield* Effect.flip(statusOf)).toMatchObject({ _tag: "ControlError", category: "unavailable" })
        expect(yield* statusOf).toStrictEqual({ running: false })
      })
    )
  })

  it.effect("takes elements before the acknowledgement, and an answer it cannot read is an error", () =>
    scripted(
      (wire) =>
        Effect.gen(function*() {
          const { id } = JSON.parse(yield* wire.line)
          const data = JSON.stringify(Doubles.event("w", "phase_started"))
          yield* wire.send(`{"jsonrpc":"2.0","method":"workflow/event","params":{"id":${id},"data":${data}}}\n`)
          yield* wire.send(`not json\n{"jsonrpc":"2.0","id":${id},"result":{"other":1}}\n`)
          yield* wire.send(`{"jsonrpc":"2.0","method":"workflow/event","params":{"id":${id},"data":{"kind":7}}}\n`)
        }),
      Effect.gen(function*() {
        const control = yield* ControlClient
        const seen: Array<unknown> = []
        const error = yield* control["workflow/events"]({}).pipe(
          Stream.runForEach((element) => Effect.sync(() => seen.push(element))),
          Effect.flip
        )
        expect(seen).toStrictEqual([Doubles.event("w", "phase_started"), { watching: true }])
        expect(error).toMatchObject({ _tag: "ControlError", category: "internal" })
      })
    ))
})
