/** `plugin/*`: what is installed, whether it answers, and calls straight through to it. */
import { Clock, Effect } from "effect"
import { PluginRpcs } from "../../../schemas/control/PluginRpcs.ts"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import type { PluginError } from "../../../schemas/errors/PluginErrors.ts"
import { kindsOf } from "../../../schemas/PluginManifest.ts"
import { PluginLock } from "../../lock/PluginLock.ts"
import { variablesOf } from "../../plugin/MissingVariables.ts"
import { type InstalledPlugin, PluginCatalog } from "../../plugin/PluginCatalog.ts"
import { PluginHost, type PluginStatus } from "../../plugin/PluginHost.ts"
import { HostEnvironment } from "../../project/HostEnvironment.ts"
import { orphans } from "../../project/Orphans.ts"
import type { ProcessRow, ProcessTable } from "../../project/ProcessTable.ts"
import { type DeclaredTool, PluginTools } from "../../tools/PluginTools.ts"
import { answer } from "../ControlFailure.ts"
import { makeNamed, warningOf } from "../NamedPlugins.ts"

const PING_MILLIS = 5000

const lockOf = ({ release }: InstalledPlugin) =>
  release === undefined ? { signature_verified: false } : {
    signature_verified: release.signature_status === "verified",
    signature_status: release.signature_status,
    artifact_sha256: release.artifact_sha256,
    installed_from: release.source,
    pinned: release.pinned
  }

/** With the same look at its files that every start takes. */
const infoOf = Effect.fnUntraced(function*(plugin: InstalledPlugin) {
  const { inspect } = yield* PluginLock
  const { manifest, name, path, source } = plugin
  const lock_state = yield* Effect.match(inspect(plugin), {
    onSuccess: () => "intact" as const,
    onFailure: ({ _tag }) => _tag === "LockMismatch" ? "mismatch" as const : "refused" as const
  })
  return {
    name,
    version: manifest.version,
    kind: manifest.plugin_kind,
    kinds: kindsOf(manifest),
    source,
    description: manifest.description,
    binary_path: path,
    lock_state,
    ...lockOf(plugin)
  }
})

const toolOf = ({ holder, tool }: DeclaredTool) => holder === undefined ? tool : { ...tool, taken_by: holder }

/** A plugin as it stands in a list, and as it is shown alone. */
const makeShown = Effect.gen(function*() {
  const lock = yield* PluginLock
  const tools = yield* PluginTools
  const { env } = yield* HostEnvironment
  const shown = (plugin: InstalledPlugin) => Effect.provideService(infoOf(plugin), PluginLock, lock)
  const whole = Effect.fnUntraced(function*(plugin: InstalledPlugin) {
    const { capabilities } = plugin.manifest
    const declared = yield* tools.declaredBy(plugin.name)
    return {
      ...yield* shown(plugin),
      capabilities,
      env_required: variablesOf(plugin.manifest, env),
      ...declared === undefined ? {} : { mcp_tools: declared.map(toolOf) }
    }
  })
  return { shown, whole }
})

const isOfKind = (kind: string) => ({ manifest }: InstalledPlugin) => kindsOf(manifest).includes(kind)

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

/** That it does not answer is the answer to a ping; why is not to be asked of another one. */
const silence = Effect.fnUntraced(function*(host: PluginHost["Service"], name: string, error: PluginError) {
  if (error._tag !== "RequestTimedOut") return error.message
  const { state } = yield* host.status(name)
  return state === "starting"
    ? `plugin ${name} is still starting, and was not asked yet. See: animus plugin status ${name}`
    : `plugin ${name} did not answer within ${PING_MILLIS} ms. Start it anew with: animus plugin restart ${name}`
})

const ping = Effect.fnUntraced(function*(host: PluginHost["Service"], name: string) {
  const begun = yield* Clock.currentTimeMillis
  return yield* host.call(name, "$/ping", {}, { timeout: PING_MILLIS }).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.map((ended) => ({ ok: true, latency_ms: ended - begun })),
    Effect.catch((error) => Effect.map(silence(host, name, error), (words) => ({ ok: false, error: words })))
  )
})

const within = (seconds: number | undefined) => seconds === undefined ? {} : { timeout: seconds * 1000 }

const leftOf = (plugin: string) => (rows: ReadonlyArray<ProcessRow>) => ({
  survivors: rows.map(({ command, pid }) => ({ pid, command, plugin }))
})

export const PluginHandlers = PluginRpcs.toLayer(Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const { equipped, named } = yield* makeNamed
  const { shown, whole } = yield* makeShown
  const found = Effect.provideContext(orphans, yield* Effect.context<HostEnvironment | ProcessTable>())
  return PluginRpcs.of({
    "plugin/list": ({ include_warnings, kind }) =>
      Effect.gen(function*() {
        const { plugins, warnings } = yield* catalog.discovery
        const asked = kind === undefined ? plugins : plugins.filter(isOfKind(kind))
        return {
          plugins: yield* Effect.forEach(asked, shown),
          ...(include_warnings ? { warnings: warnings.map(warningOf) } : {})
        }
      }),
    "plugin/info": ({ name }) => answer(Effect.flatMap(equipped(name), whole)),
    "plugin/ping": ({ name }) =>
      answer(Effect.gen(function*() {
        yield* equipped(name)
        return yield* ping(host, name)
      })),
    "plugin/call": ({ method, name, params, timeout_secs }) =>
      answer(Effect.gen(function*() {
        if (lifecycle.has(method)) return yield* notYours(name, method)
        yield* equipped(name)
        return yield* host.call(name, method, params, within(timeout_secs))
      })),
    "plugin/status": ({ name }) =>
      answer(
        Effect.map(
          name === undefined
            ? host.statuses
            : Effect.map(Effect.andThen(named(name), host.status(name)), (status) => [status]),
          (all) => ({ plugins: all.map(liveOf) })
        )
      ),
    "plugin/stop": ({ name }) => Effect.map(host.restart(name, "an operator ended it"), leftOf(name)),
    "plugin/restart": ({ name }) =>
      answer(Effect.gen(function*() {
        yield* named(name)
        yield* host.restart(name, "an operator restarted it")
        yield* host.initialized(name)
        return liveOf(yield* host.status(name))
      })),
    "plugin/orphans": () =>
      Effect.map(found, (rows) => ({
        orphans: rows.map(({ by, command, pid, plugin }) => ({ pid, command, plugin, recognised_by: by }))
      }))
  })
}))
