import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, Queue } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryProgram } from "../../layers/PluginProcessMemory.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { DaemonConfig, type DaemonSettings } from "../../src/project/DaemonConfig.ts"
import * as Transports from "../../src/transport/Transports.ts"
import { answer, type Incoming, refuse, serving } from "../plugin/scripted.ts"
import { hostsOf } from "../tools/Hosts.ts"

type Reply = (frame: Incoming) => unknown

const makeTransport = Effect.fnUntraced(function*(reply: Reply, transports: DaemonSettings["transports"] = {}) {
  const asked = yield* Queue.unbounded<readonly [method: string, params: unknown]>()
  const ends = yield* Queue.unbounded<Deferred.Deferred<number>>()
  const served = serving((frame, { say }) =>
    Effect.gen(function*() {
      if (!frame.method.startsWith("transport/")) return
      yield* Queue.offer(asked, [frame.method, frame.params])
      const frames = reply(frame)
      if (frames !== undefined) yield* say(frames)
    })
  )
  const program: MemoryProgram = (command) =>
    Effect.gen(function*() {
      const end = yield* Deferred.make<number>()
      yield* Queue.offer(ends, end)
      return yield* Effect.raceFirst(served(command), Deferred.await(end))
    })
  const uninstalled = new Set<string>()
  const lines: Array<string> = []
  const layer = Transports.layer.pipe(
    Layer.provide(hostsOf({ http: { program, facts: { plugin_kind: "transport_backend" } } }, {}, uninstalled)),
    Layer.provide(Layer.succeed(DaemonConfig, {
      session_store: "memory",
      pool_size: 1,
      log_level: "info",
      runner: "in_process",
      transports
    })),
    Layer.provide(Notifications.layer),
    Layer.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
  )
  return { layer, asked: Queue.take(asked), ends: Queue.take(ends), uninstalled, lines }
})

const turns = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })

const started = { bound_addr: "127.0.0.1:1", started_at: "2026-01-01T00:00:00Z" }
const well: Reply = ({ id, method }) => answer(id, method === "transport/start" ? started : { shutdown: true })

describe("Transports", () => {
  it.effect("starts it with the way back to the daemon, and takes it down before its process ends", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* makeTransport(well)
      const first = yield* asked.pipe(Effect.provide(layer))
      assert.deepStrictEqual(first, ["transport/start", {
        control_socket_path: "/config/scope/control.sock",
        project_root: "/project"
      }])
      assert.deepStrictEqual((yield* asked)[0], "transport/shutdown")
    }))

  it.effect("starts it where the user wants it to listen, and names settings that reach nobody", () =>
    Effect.gen(function*() {
      const settings = { bind_addr: "127.0.0.1:0", config: { theme: "dark" } }
      const { asked, layer, lines } = yield* makeTransport(well, { http: settings, htpp: { bind_addr: "[::1]:80" } })
      const [, params] = yield* asked.pipe(Effect.provide(layer))
      assert.deepStrictEqual(params, {
        control_socket_path: "/config/scope/control.sock",
        project_root: "/project",
        ...settings
      })
      assert.include(
        lines,
        "daemon.transports of config.json names htpp, and there is no such transport (there are: http)"
      )
    }))

  it.effect("says so when one that listens on its own cannot be told where", () =>
    Effect.gen(function*() {
      const { asked, layer, lines } = yield* makeTransport(({ id }) => refuse(id, -32601, "no"), {
        http: { bind_addr: "127.0.0.1:0" }
      })
      yield* asked.pipe(Effect.andThen(turns), Effect.provide(layer))
      assert.match(lines.join("\n"), /http has no transport\/start: it listens on its own, and cannot be told/)
    }))

  it.effect("starts it again after a crash", () =>
    Effect.gen(function*() {
      const { asked, ends, layer } = yield* makeTransport(well)
      yield* Effect.gen(function*() {
        yield* asked
        yield* Deferred.succeed(yield* ends, 1)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* asked)[0], "transport/start")
      }).pipe(Effect.provide(layer))
    }))

  it.effect("lets go of one that was uninstalled beside it", () =>
    Effect.gen(function*() {
      const { asked, ends, layer, lines, uninstalled } = yield* makeTransport(well)
      yield* Effect.gen(function*() {
        yield* asked
        uninstalled.add("http")
        yield* Deferred.succeed(yield* ends, 1)
        yield* TestClock.adjust("10 minutes")
      }).pipe(Effect.provide(layer))
      assert.strictEqual(lines.filter((line) => line.includes("http is no longer installed")).length, 1)
    }))

  it.effect.each([-32601, -32001, -32603])(
    "lets one live that refuses with %i: it may listen since its handshake",
    (code) =>
      Effect.gen(function*() {
        const { asked, layer } = yield* makeTransport(({ id }) => refuse(id, code, "no"))
        yield* asked.pipe(Effect.provide(layer))
        assert.strictEqual((yield* asked)[0], "transport/shutdown")
      })
  )

  it.effect("waits five seconds for one that does not take leave, and no longer", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* makeTransport((frame) =>
        frame.method === "transport/start" ? well(frame) : undefined
      )
      const leave = yield* Deferred.make<void>()
      const life = yield* Effect.forkChild(Effect.provide(Deferred.await(leave), layer))
      assert.strictEqual((yield* asked)[0], "transport/start")
      yield* Deferred.succeed(leave, undefined)
      assert.strictEqual((yield* asked)[0], "transport/shutdown")
      yield* TestClock.adjust("4900 millis")
      assert.isUndefined(life.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(life)
    }))
})
