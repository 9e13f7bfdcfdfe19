/** `plugin/*`: what is installed, whether it answers, and calls straight through to it. */
import { Clock, Effect } from "effect"
import { PluginRpcs } from "../../../schemas/control/PluginRpcs.ts"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { type DiscoveryWarning, type InstalledPlugin, PluginCatalog } from "../../plugin/PluginCatalog.ts"
import { PluginHost, type PluginStatus } from "../../plugin/PluginHost.ts"
import type { HostEnvironment } from "../../project/HostEnvironment.ts"
import { orphans } from "../../project/Orphans.ts"
import type { ProcessTable } from "../../project/ProcessTable.ts"
import { answer } from "../ControlFailure.ts"

const PING_MILLIS = 5000

const infoOf = ({ manifest, name, path, source }: InstalledPlugin) => ({
  name,
  version: manifest.version,
  kind: manifest.plugin_kind,
  source,
  signature_verified: false,
  description: manifest.description,
  binary_path: path
})

/** Some reasons name the file themselves. */
const warningOf = ({ name, path, reason }: DiscoveryWarning) => ({
  plugin: name,
  message: reason.includes(path) ? reason : `${path}: ${reason}`
})

const isOfKind = (kind: string) => ({ manifest }: InstalledPlugin) =>
  manifest.plugin_kind === kind || manifest.plugin_kinds?.includes(kind) === true

/** The host speaks these itself: said by somebody else they would leave a plugin that is up and refuses everything. */
const lifecycle: ReadonlySet<string> = new Set(["initialize", "initialized", "shutdown", "exit"])
const notYours = (plugin: string, method: string) =>
  new InvalidInput({ detail: `${method} is between the daemon and its plugins. See: animus plugin restart ${plugin}` })

const liveOf = ({ lastError, name, pid, restarts, startedAt, state }: PluginStatus) => ({
  name,
  state,
  restarts,
  ...(pid === undefined ? {} : { pid }),
  ...(lastError === undefined ? {} : { last_error: lastError }),
  ...(startedAt === undefined ? {} : { started_at: startedAt })
})

export const PluginHandlers = PluginRpcs.toLayer(Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const found = Effect.provideContext(orphans, yield* Effect.context<HostEnvironment | ProcessTable>())
  return PluginRpcs.of({
    "plugin/list": ({ include_warnings, kind }) =>
      Effect.map(catalog.discovery, ({ plugins, warnings }) => ({
        plugins: (kind === undefined ? plugins : plugins.filter(isOfKind(kind))).map(infoOf),
        ...(include_warnings
          ? { warnings: warnings.map(warningOf) }
          : {})
      })),
    "plugin/info": ({ name }) => answer(Effect.map(catalog.find(name), infoOf)),
    "plugin/ping": ({ name }) =>
      answer(Effect.gen(function*() {
        yield* catalog.find(name)
        const begun = yield* Clock.currentTimeMillis
        return yield* host.call(name, "$/ping", {}, { timeout: PING_MILLIS }).pipe(
          Effect.andThen(Clock.currentTimeMillis),
          Effect.map((ended) => ({ ok: true, latency_ms: ended - begun })),
          // That it does not answer is the answer to a ping.
          Effect.catch((error) => Effect.succeed({ ok: false, error: error.message }))
        )
      })),
    "plugin/call": ({ method, name, params }) =>
      answer(Effect.gen(function*() {
        if (lifecycle.has(method)) return yield* notYours(name, method)
        return yield* host.call(name, method, params)
      })),
    "plugin/status": ({ name }) =>
      answer(
        Effect.map(name === undefined ? host.statuses : Effect.map(host.status(name), (status) => [status]), (all) => ({
          plugins: all.map(liveOf)
        }))
      ),
    "plugin/restart": ({ name }) =>
      answer(Effect.gen(function*() {
        yield* catalog.find(name)
        yield* host.restart(name, "an operator restarted it")
        yield* host.initialized(name)
        return liveOf(yield* host.status(name))
      })),
    "plugin/orphans": () =>
      Effect.map(found, (rows) => ({ orphans: rows.map(({ command, pid }) => ({ pid, command })) }))
  })
}))
