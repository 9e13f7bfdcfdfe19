/** `plugin/*`: what is installed, whether it answers, and calls straight through to it. */
import { Clock, Effect } from "effect"
import { PluginRpcs } from "../../../schemas/control/PluginRpcs.ts"
import { type InstalledPlugin, PluginCatalog } from "../../plugin/PluginCatalog.ts"
import { PluginHost } from "../../plugin/PluginHost.ts"
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

const isOfKind = (kind: string) => ({ manifest }: InstalledPlugin) =>
  manifest.plugin_kind === kind || manifest.plugin_kinds?.includes(kind) === true

export const PluginHandlers = PluginRpcs.toLayer(Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  return PluginRpcs.of({
    "plugin/list": ({ include_warnings, kind }) =>
      Effect.map(catalog.discovery, ({ plugins, warnings }) => ({
        plugins: (kind === undefined ? plugins : plugins.filter(isOfKind(kind))).map(infoOf),
        ...(include_warnings
          ? { warnings: warnings.map(({ name, path, reason }) => ({ plugin: name, message: `${path}: ${reason}` })) }
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
    "plugin/call": ({ method, name, params }) => answer(host.call(name, method, params))
  })
}))
