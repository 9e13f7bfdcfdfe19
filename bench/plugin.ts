/**
 * A plugin's host against a host in plain Node, both driving the same program: requests with 64 of them in flight, and
 * notifications as fast as the plugin writes them. `PluginHost` is what the daemon calls, deadlines and supervision included;
 * `PluginConnection` is one process of it.
 */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Stream } from "effect"
import * as Path from "node:path"
import * as PluginProcessChild from "../layers/PluginProcessChild.ts"
import { PROTOCOL_VERSION } from "../schemas/JsonRpc.ts"
import { PluginCatalog } from "../src/plugin/PluginCatalog.ts"
import { connect } from "../src/plugin/PluginConnection.ts"
import type { PluginNotification } from "../src/plugin/PluginFanout.ts"
import { PluginHost } from "../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { Trust } from "../src/project/Trust.ts"
import { type Benchmark, figure, interleave, perSecond, type Side, type Target } from "./harness.ts"
import { PATH, RawHost } from "./rawHost.ts"
import { scratchScope } from "./scratch.ts"

const PLUGIN = "bench"
const path = Path.join(import.meta.dirname, "echoPlugin.mjs")
const IN_FLIGHT = 64
const CALLS_EACH = 300
const CALLS = IN_FLIGHT * CALLS_EACH
const NOTIFICATIONS = 40_000
const question = { subject: "task:TASK-001", body: "sum([1, 2, 3]) should be 6, but it is 0. ".repeat(3) }
const flood = { count: NOTIFICATIONS, text: "what an agent says ".repeat(5) }
const requests: Target = { of: "ratio", is: "at least", limit: 0.75 }
const notifications: Target = { of: "ratio", is: "at least", limit: 0.9 }
const rounds = { rounds: 11, warmUp: 3 }

const catalog = PluginCatalog.fromDiscovery(Effect.succeed({
  plugins: [{
    name: PLUGIN,
    path,
    source: "explicit_config",
    manifest: {
      name: PLUGIN,
      version: "1.0.0",
      plugin_kind: "custom",
      description: "answers what it is asked",
      protocol_version: PROTOCOL_VERSION,
      capabilities: []
    }
  }],
  warnings: []
}))

const host = Layer.provideMerge(
  PluginHost.layer,
  Layer.mergeAll(
    PluginProcessChild.layer,
    Layer.succeed(PluginCatalog, catalog),
    Layer.succeed(HostEnvironment, { env: { PATH }, cookie: "bench", generation: "bench" }),
    Trust.layer
  )
).pipe(Layer.provideMerge(scratchScope), Layer.provideMerge(NodeServices.layer))

/** 64 callers, each asking again as soon as it was answered; a plain loop, as on the other side. */
const callers = <A, E>(call: Effect.Effect<A, E>) => {
  const caller = Effect.gen(function*() {
    for (let asked = 0; asked < CALLS_EACH; asked++) yield* call
  })
  const all = Array.from({ length: IN_FLIGHT }, () => caller)
  return perSecond(CALLS, Effect.all(all, { concurrency: IN_FLIGHT, discard: true }))
}

const rawCallers = (raw: RawHost) =>
  perSecond(
    CALLS,
    Effect.promise(() =>
      Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
        for (let call = 0; call < CALLS_EACH; call++) await raw.call("bench/echo", question)
      }))
    )
  )

class Tally {
  left = NOTIFICATIONS
  readonly take = (params: unknown): void => {
    if (typeof params === "object" && params !== null) this.left--
  }
}

/** Until the last one was handed over, whatever the answer to the request does. */
const received = <E>(batches: Stream.Stream<ReadonlyArray<PluginNotification>, E>, ask: Effect.Effect<unknown, E>) =>
  perSecond(
    NOTIFICATIONS,
    Effect.suspend(() => {
      const tally = new Tally()
      const all = Stream.runForEachWhile(batches, (batch) =>
        Effect.sync(() => {
          for (const { params } of batch) tally.take(params)
          return tally.left > 0
        }))
      return Effect.all([all, ask], { concurrency: 2, discard: true })
    })
  )

const rawReceived = (raw: RawHost) =>
  perSecond(
    NOTIFICATIONS,
    Effect.promise(async () => {
      const tally = new Tally()
      raw.onNotification = tally.take
      await raw.call("bench/flood", flood)
      if (tally.left !== 0) throw new Error(`${tally.left} notifications were not delivered`)
    })
  )

const command = { plugin: PLUGIN, path, args: [], cwd: import.meta.dirname, env: { PATH } }
const initialize = {
  protocol_version: PROTOCOL_VERSION,
  host_info: { name: "bench", version: "1.0.0" },
  capabilities: { streaming: true, progress: true, cancellation: true }
}
const log = { stderr: Effect.logWarning, skipped: () => Effect.void, entries: () => Effect.void }
const said = ({ method }: PluginNotification): boolean => method === "bench/said"

const against = <E, E2>(unit: string, target: Target, ours: Side<E, never>, baseline: Side<E2, never>) =>
  Effect.map(interleave(rounds, ours, baseline), (taken) => figure(unit, taken.ours, taken.baseline, target))

const measure = Effect.gen(function*() {
  const host = yield* PluginHost
  const connection = yield* connect({ command, initialize, capacity: 256, log })
  const raw = yield* Effect.acquireRelease(
    Effect.sync(() => new RawHost(path)),
    (raw) => Effect.promise(() => raw.close())
  )
  const asked = { name: "raw node", round: rawCallers(raw) }
  const heard = { name: "raw node", round: rawReceived(raw) }
  const hosted = callers(host.call(PLUGIN, "bench/echo", question))
  const connected = callers(connection.call("bench/echo", question, { timeout: 30_000 }))
  const owned = Effect.scoped(
    Effect.flatMap(host.own(PLUGIN, said), (batches) => received(batches, host.call(PLUGIN, "bench/flood", flood)))
  )
  return [
    yield* against("requests/s", requests, { name: `PluginHost, ${IN_FLIGHT} in flight`, round: hosted }, asked),
    yield* against(
      "requests/s",
      requests,
      { name: `PluginConnection, ${IN_FLIGHT} in flight`, round: connected },
      asked
    ),
    yield* against("notifications/s", notifications, { name: "PluginHost to an owner", round: owned }, heard)
  ]
})

export const plugin: Benchmark = {
  summary: "one plugin, asked and listened to",
  run: measure.pipe(Effect.scoped, Effect.provide(host))
}
