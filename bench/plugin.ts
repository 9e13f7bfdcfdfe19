/**
 * A plugin's host against others, all driving the same program: requests with 64 of them in flight, and notifications as fast
 * as the plugin writes them. The others are a host in plain Node, the MCP SDK's stdio client and vscode-jsonrpc. `PluginHost` is
 * what the daemon calls, deadlines and supervision included; `PluginConnection` is one process of it. Then what a plugin
 * costs: CPU time for each message, the wait for its first answer, and the daemon's memory for each one that idles.
 */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, type Scope, Stream } from "effect"
import * as Path from "node:path"
import { setImmediate } from "node:timers/promises"
import * as PluginProcessChild from "../layers/PluginProcessChild.ts"
import { PROTOCOL_VERSION } from "../schemas/JsonRpc.ts"
import { PluginLock } from "../src/lock/PluginLock.ts"
import { PluginCatalog } from "../src/plugin/PluginCatalog.ts"
import { connect, type PluginConnection } from "../src/plugin/PluginConnection.ts"
import type { PluginNotification } from "../src/plugin/PluginFanout.ts"
import { PluginHost } from "../src/plugin/PluginHost.ts"
import { PluginProcess } from "../src/plugin/PluginProcess.ts"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import {
  type Benchmark,
  type Entrant,
  figure,
  type Lives,
  millis,
  type Pair,
  perSecond,
  type Target
} from "./harness.ts"
import { mcpHost, type OtherHost, vscodeHost } from "./otherHosts.ts"
import { PATH, RawHost } from "./rawHost.ts"
import { scratchScope } from "./scratch.ts"

const PLUGIN = "bench"
const path = Path.join(import.meta.dirname, "echoPlugin.mjs")
const IN_FLIGHT = 64
const CALLS_EACH = 1500
const CALLS = IN_FLIGHT * CALLS_EACH
const NOTIFICATIONS = 200_000
const question = { subject: "task:TASK-001", body: "sum([1, 2, 3]) should be 6, but it is 0. ".repeat(3) }
const flood = { count: NOTIFICATIONS, text: "what an agent says ".repeat(5) }
const requests: Target = { of: "ratio", is: "at least", limit: 0.8 }
const notifications: Target = { of: "ratio", is: "at least", limit: 0.9 }
const twice: Target = { of: "ratio", is: "at least", limit: 2 }
const tenfold: Target = { of: "ratio", is: "at least", limit: 10 }
const IDLE = 20
/** Each long enough that how it begins and ends does not count. */
const requestRounds: Lives = { rounds: 9, warmUp: 3, lives: 3 }
/** V8 goes on compiling what is called once a read for some four million notifications, which a daemon soon has behind it. */
const notificationRounds: Lives = { rounds: 5, warmUp: 20, lives: 9 }
const spawnRounds: Lives = { rounds: 21, warmUp: 3, lives: 1 }
/** Against those that take seconds. */
const fewRounds: Lives = { rounds: 7, warmUp: 1, lives: 1 }

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
    PluginLock.layerOpen
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

const otherCallers = (other: OtherHost) =>
  perSecond(
    CALLS,
    Effect.promise(() =>
      Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
        for (let call = 0; call < CALLS_EACH; call++) await other.call("bench/echo", question)
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

const otherReceived = (other: OtherHost) =>
  perSecond(
    NOTIFICATIONS,
    Effect.promise(async () => {
      const tally = new Tally()
      other.onNotification = tally.take
      await other.call("bench/flood", flood)
      // Some answer before they have handed over what came before the answer.
      while (tally.left > 0) await setImmediate()
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

/** This process's own, in microseconds: what the host does, and nothing of the plugin's. */
const cpuOf = <E, R>(round: Effect.Effect<unknown, E, R>, messages: number): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const before = process.cpuUsage()
    return Effect.map(round, () => {
      const { system, user } = process.cpuUsage(before)
      return (system + user) / messages
    })
  })

const rawSpawn = millis(Effect.promise(async () => {
  const fresh = new RawHost(path)
  await fresh.call("bench/echo", question)
  await fresh.close()
}))

const open = connect({ command, initialize, capacity: 256, log })

/** How much of the host's memory a plugin takes that runs and is not asked anything. */
const memory = Effect.gen(function*() {
  const settled = Effect.sync(() => {
    globalThis.gc?.()
    return process.memoryUsage().rss / 1024
  })
  const before = yield* settled
  const after = yield* Effect.scoped(
    Effect.andThen(
      Effect.forEach(Array.from({ length: IDLE }), () => open, { concurrency: 4, discard: true }),
      settled
    )
  )
  const each = { name: `of ${IDLE} idle plugins, each`, samples: [(after - before) / IDLE] }
  return [figure("kB of the host's memory", each, { name: "none", samples: [0] })]
})

type Opened = Effect.Effect<Effect.Effect<number, unknown>, unknown, PluginHost | PluginProcess | Scope.Scope>

const hosted = Effect.map(PluginHost, (host) => callers(host.call(PLUGIN, "bench/echo", question)))
const echo = ({ call }: PluginConnection) => call("bench/echo", question, { timeout: 30_000 })
const connected = Effect.map(open, (connection) => callers(echo(connection)))
const owned = Effect.map(PluginHost, (host) =>
  Effect.scoped(
    Effect.flatMap(host.own(PLUGIN, said), (batches) => received(batches, host.call(PLUGIN, "bench/flood", flood)))
  ))
const spawned = Effect.map(
  PluginProcess,
  (spawner) =>
    millis(Effect.flatMap(open, echo)).pipe(
      Effect.scoped,
      Effect.provideService(PluginProcess, spawner)
    )
)

const others = {
  "raw node": () => new RawHost(path),
  "MCP TypeScript SDK": () => mcpHost(path),
  "vscode-jsonrpc": () => vscodeHost(path)
} satisfies Readonly<Record<string, () => OtherHost | Promise<OtherHost>>>
type OtherName = keyof typeof others

const opened = (name: OtherName, round: (other: OtherHost) => Effect.Effect<number>) =>
  Effect.map(
    Effect.acquireRelease(Effect.promise(async () => others[name]()), (host) => Effect.promise(() => host.close())),
    round
  )

/** With a host that lives as long as the rounds. */
const hosting = (opened: Opened): Entrant["round"] =>
  Effect.flatMap(Layer.build(host), (services) => Effect.provideContext(opened, services))

interface Against {
  readonly other: OtherName
  readonly unit: string
  readonly target?: Target | undefined
}

const against = (
  { other, target, unit }: Against,
  ours: { readonly name: string; readonly round: Opened; readonly rounds: Lives },
  baseline: Entrant["round"]
): Pair => ({
  unit,
  target,
  rounds: other === "raw node" ? ours.rounds : fewRounds,
  ours: { name: ours.name, round: hosting(ours.round) },
  baseline: { name: other, round: baseline }
})

const host64 = { name: `PluginHost, ${IN_FLIGHT} in flight`, round: hosted, rounds: requestRounds }
const connection64 = { name: `PluginConnection, ${IN_FLIGHT} in flight`, round: connected, rounds: requestRounds }
const owner = { name: "PluginHost to an owner", round: owned, rounds: notificationRounds }

const asked = (other: OtherName, target?: Target, ours: typeof host64 | typeof connection64 = host64) =>
  against({ other, unit: "requests/s", target }, ours, opened(other, otherCallers))
const heard = (other: OtherName, target?: Target) =>
  against({ other, unit: "notifications/s", target }, owner, opened(other, otherReceived))

export const plugin: Benchmark = {
  summary: "one plugin, asked and listened to",
  parts: {
    requests: asked("raw node", requests),
    "requests-connection": asked("raw node", requests, connection64),
    "requests-mcp": asked("MCP TypeScript SDK", twice),
    "requests-vscode": asked("vscode-jsonrpc"),
    notifications: heard("raw node", notifications),
    "notifications-mcp": heard("MCP TypeScript SDK", tenfold),
    "notifications-vscode": heard("vscode-jsonrpc"),
    "requests-cpu": against(
      { other: "raw node", unit: "us of CPU a request" },
      { ...host64, round: Effect.map(hosted, (round) => cpuOf(round, CALLS)) },
      opened("raw node", (raw) => cpuOf(otherCallers(raw), CALLS))
    ),
    "notifications-cpu": against(
      { other: "raw node", unit: "us of CPU a notification" },
      { ...owner, round: Effect.map(owned, (round) => cpuOf(round, NOTIFICATIONS)) },
      opened("raw node", (raw) => cpuOf(otherReceived(raw), NOTIFICATIONS))
    ),
    spawn: against(
      { other: "raw node", unit: "ms from spawn to the first answer" },
      { name: "PluginConnection", round: spawned, rounds: spawnRounds },
      Effect.succeed(rawSpawn)
    ),
    memory: Effect.provide(memory, host)
  }
}
