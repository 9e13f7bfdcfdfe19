/**
 * Brings up what serves browsers and other clients, and takes it down first: `transport/start` once its process runs, again
 * after each restart, `transport/shutdown` before the daemon stops listening. A transport that fails costs nobody but its own
 * clients, and nothing waits for one.
 */
import { Effect, Layer, Option, Ref, Schema, Stream } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { kindsOf } from "../../schemas/PluginManifest.ts"
import { type TransportStart, TransportStarted } from "../../schemas/Transport.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import { PluginCatalog } from "../plugin/PluginCatalog.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import { whileInstalled } from "../plugin/WhileInstalled.ts"
import { DaemonConfig } from "../project/DaemonConfig.ts"
import { ProjectScope } from "../project/ProjectScope.ts"

const START_MILLIS = 30_000
const SHUTDOWN_MILLIS = 5_000

const decodeStarted = Schema.decodeUnknownOption(TransportStarted)

const isTransport = (kind: string): boolean => kind === "transport_backend" || kind === "web_ui"

/** Those of before listen from their handshake on, and have no such method. */
const ask = Effect.fnUntraced(function*(plugin: string) {
  const host = yield* PluginHost
  const { projectRoot, socketPath } = yield* ProjectScope
  const { transports } = yield* DaemonConfig
  const params: TransportStart = { control_socket_path: socketPath, project_root: projectRoot, ...transports[plugin] }
  const answer = yield* host.call(plugin, "transport/start", params, { timeout: START_MILLIS })
  const bound_addr = Option.getOrUndefined(decodeStarted(answer))?.bound_addr
  yield* Effect.logInfo(`transport ${plugin} is up${bound_addr === undefined ? "" : ` at ${bound_addr}`}`)
  yield* publishDaemonEvent("transport-started", { plugin, bound_addr: bound_addr ?? null })
})

const refused = (plugin: string) =>
  Effect.fnUntraced(function*(error: PluginError) {
    const { transports } = yield* DaemonConfig
    if (error._tag === "MethodNotSupported") {
      const own = `transport ${plugin} has no transport/start: it listens on its own`
      if (transports[plugin] === undefined) return yield* Effect.logInfo(own)
      return yield* Effect.logWarning(`${own}, and cannot be told what daemon.transports of config.json says of it`)
    }
    yield* Effect.logWarning(
      `transport ${plugin} did not start: ${error.message}. Once that is mended: animus plugin restart ${plugin}`
    )
    yield* publishDaemonEvent("transport-start-failed", { plugin, error: error.message })
  })

/** One process, from its start to its end. */
const once = Effect.fnUntraced(function*(plugin: string, up: Ref.Ref<boolean>) {
  const host = yield* PluginHost
  const frames = yield* host.notifications(plugin)
  yield* Ref.set(up, true)
  yield* Effect.catch(ask(plugin), refused(plugin))
  yield* Stream.runDrain(frames)
}, (effect, _, up) => Effect.ensuring(Effect.scoped(effect), Ref.set(up, false)))

const keepUp = (plugin: string, up: Ref.Ref<boolean>) => {
  const round = Effect.catch(
    once(plugin, up),
    (error) =>
      error._tag === "PluginNotFound"
        ? Effect.fail(error)
        : Effect.logWarning(`transport ${plugin} is down: ${error.message}`)
  )
  return whileInstalled(plugin, "kept up as a transport", round)
}

/** Whatever it answers, or does not, its process is ended next. */
const takeDown = Effect.fnUntraced(function*(plugin: string, up: Ref.Ref<boolean>) {
  const host = yield* PluginHost
  if (!(yield* Ref.get(up))) return
  yield* Effect.ignore(host.call(plugin, "transport/shutdown", {}, { timeout: SHUTDOWN_MILLIS }), {
    log: "Debug",
    message: `transport ${plugin} did not take leave`
  })
})

/** Settings that reach nobody are most likely a name that was mistyped. */
const tellUnused = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const { transports } = yield* DaemonConfig
  const unused = Object.keys(transports).filter((name) => !names.includes(name))
  if (unused.length === 0) return
  const known = names.length === 0 ? "none is installed" : `there are: ${names.join(", ")}`
  yield* Effect.logWarning(
    `daemon.transports of config.json names ${unused.join(", ")}, and there is no such transport (${known})`
  )
})

/** Its building waits for nothing. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const start = Effect.gen(function*() {
    const { plugins } = yield* catalog.discovery
    const transports = yield* Effect.forEach(
      plugins.filter(({ manifest }) => kindsOf(manifest).some(isTransport)),
      ({ name }) => Effect.map(Ref.make(false), (up) => ({ name, up }))
    )
    yield* tellUnused(transports.map(({ name }) => name))
    yield* Effect.forEach(transports, ({ name, up }) => Effect.forkScoped(keepUp(name, up)))
    // Closed in the opposite order: each is told while it is still looked after.
    yield* Effect.addFinalizer(() =>
      Effect.forEach(transports, ({ name, up }) => takeDown(name, up), { concurrency: "unbounded", discard: true })
    )
  })
  yield* Effect.forkScoped(start)
}))
