/**
 * Where one plugin process is in its life: before `initialize`, between it and `initialized`, serving, or stopping. Every
 * request of the host passes here and is answered by the rule of its moment.
 */
import { Clock, Deferred, Effect } from "effect"
import { PluginHealth } from "../../schemas/Health.ts"
import type { Json } from "../../schemas/Json.ts"
import { ErrorCode, type Notification, type RequestId } from "../../schemas/JsonRpc.ts"
import { PeerRefused } from "../rpc/RpcError.ts"
import { makeHandshake } from "./Handshake.ts"
import { answer } from "./Params.ts"
import type { Host } from "./Part.ts"
import type { Plugin } from "./Plugin.ts"
import { refusalOf } from "./PluginFailure.ts"
import { Running } from "./Running.ts"

const encodeHealth = answer(PluginHealth)

const refuse = (code: number, message: string, category: string) =>
  Effect.fail(new PeerRefused({ code, message, data: { category } }))

export const makeLifecycle = Effect.fnUntraced(function*(plugin: Plugin, notify: Host["notify"]) {
  const handshake = yield* makeHandshake(plugin, notify)
  const startedAt = yield* Clock.currentTimeMillis
  const exited = Deferred.makeUnsafe<void>()
  const running = new Running()
  const detached = new Set(plugin.part.detached)
  let serving = false

  const health = Effect.gen(function*() {
    const own = yield* handshake.bound()?.health ?? Effect.succeed({ status: "healthy" as const })
    return yield* encodeHealth({ ...own, uptime_ms: (yield* Clock.currentTimeMillis) - startedAt })
  })

  const unknown = (method: string) =>
    refuse(ErrorCode.MethodNotFound, `${plugin.manifest.name} has no method ${method}`, "not_found")

  const domain = (method: string, given: unknown, id: RequestId): Effect.Effect<Json, PeerRefused> => {
    if (running.stopping) return refuse(ErrorCode.InvalidRequest, "the plugin is shutting down", "unavailable")
    const bound = handshake.bound()
    if (bound === undefined || !serving) {
      return refuse(ErrorCode.PluginNotInitialized, `${method} came before initialized`, "unavailable")
    }
    const serve = bound.requests.get(method)
    if (serve !== undefined) return running.track(Effect.mapError(serve(given, id), refusalOf), detached.has(method))
    return plugin.part.declines?.includes(method) === true
      ? refuse(ErrorCode.MethodNotSupported, `${plugin.manifest.name} does not support ${method}`, "not_supported")
      : unknown(method)
  }

  const onRequest = (method: string, given: unknown, id: RequestId): Effect.Effect<Json, PeerRefused> => {
    switch (method) {
      case "initialize":
        return Effect.mapError(handshake.initialize(given), refusalOf)
      case "$/ping":
        return Effect.succeed({})
      case "health/check":
        return health
      case "shutdown":
        return Effect.as(running.stop, {})
      default:
        // What is the protocol's own has no moment: it is known or it is not.
        return method.startsWith("$/") ? unknown(method) : domain(method, given, id)
    }
  }

  const onNotifications = Effect.fnUntraced(function*(batch: ReadonlyArray<Notification>) {
    for (const { method, params } of batch) {
      if (method === "initialized") serving = handshake.bound() !== undefined
      else if (method === "exit") yield* Deferred.succeed(exited, undefined)
      else if (serving) yield* handshake.bound()?.notifications.get(method)?.(params) ?? Effect.void
    }
  })

  return { onRequest, onNotifications, settle: running.settle, stop: running.stop, exited: Deferred.await(exited) }
})
