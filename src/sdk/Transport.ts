/**
 * A part that serves people who are elsewhere. What `start` acquires is released by `transport/shutdown`, which may come twice,
 * or with the plugin; it talks back to the daemon through the control socket alone.
 */
import { DateTime, Effect, Exit, Scope, Semaphore } from "effect"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { TransportMethods, type TransportSchema, type TransportStart } from "../../schemas/Transport.ts"
import { methodsOf, requestsOf } from "./Kind.ts"
import type { Host, Part } from "./Part.ts"
import { PluginFailure } from "./PluginFailure.ts"

export interface TransportBackend {
  /** Listening when it returns: the address that people can use. */
  readonly start: (
    given: TransportStart
  ) => Effect.Effect<{ readonly bound_addr: string }, PluginFailure, Scope.Scope>
  readonly schema: typeof TransportSchema["~type.make.in"]
}

export interface TransportOptions {
  readonly open: (host: Host) => Effect.Effect<TransportBackend, PluginFailure, Scope.Scope>
}

/** The one kind whose own code for this differs from the others' (plugin protocol, error codes). */
const asTransports = (failure: PluginFailure): PluginFailure => {
  const { category, code = ErrorCode.InternalError, message } = failure
  return category === "permission_denied" ? new PluginFailure({ category, code, message }) : failure
}

export const transport = ({ open }: TransportOptions): Part => {
  const { served } = methodsOf(TransportMethods, ["schema"])
  return {
    capabilities: served,
    declines: ["transport/info"],
    open: Effect.fnUntraced(function*(host) {
      const backend = yield* open(host)
      const outer = yield* Effect.scope
      const oneAtATime = Semaphore.makeUnsafe(1)
      let listening: Scope.Closeable | undefined

      const shutdown = Effect.suspend(() => {
        const scope = listening
        listening = undefined
        return Effect.as(scope === undefined ? Effect.void : Scope.close(scope, Exit.void), { shutdown: true })
      })
      const start = Effect.fnUntraced(function*(given: TransportStart) {
        if (listening !== undefined) {
          return yield* new PluginFailure({ category: "conflict", message: "the transport is started already" })
        }
        const scope = yield* Scope.fork(outer)
        const { bound_addr } = yield* backend.start(given).pipe(
          Effect.mapError(asTransports),
          Scope.provide(scope),
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        )
        listening = scope
        return { bound_addr, started_at: DateTime.formatIso(yield* DateTime.now) }
      })
      return {
        requests: requestsOf(TransportMethods, served, {
          start: (given: TransportStart) => oneAtATime.withPermits(1)(start(given)),
          shutdown: () => oneAtATime.withPermits(1)(shutdown),
          schema: () => Effect.succeed(backend.schema)
        })
      }
    })
  }
}
