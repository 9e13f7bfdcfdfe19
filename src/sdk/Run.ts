/** A plugin behind a pair of byte pipes, wherever they lead: the pipes of a process, or those of a test. */
import { Deferred, Duration, Effect, type Stream } from "effect"
import { type JsonRpcPeer, make } from "../rpc/JsonRpcPeer.ts"
import { makeLifecycle } from "./Lifecycle.ts"
import type { Host, Plugin } from "./Plugin.ts"

export interface PluginEnd<E = never, E2 = never> {
  /** What the host writes; its end is the end of the plugin. */
  readonly stdin: Stream.Stream<Uint8Array, E>
  /** Waits while the host does not read. */
  readonly write: (text: string) => Effect.Effect<void, E2>
}

/** How long the last answers may take to leave, once the host has closed its end. */
const FAREWELL = Duration.seconds(1)

/**
 * Serves until the host says `exit` or closes the pipe. Whatever runs then is interrupted, and what the plugin acquired is
 * released, before this returns; interrupting it is a sudden death without answers.
 */
export const run = <E, E2>(plugin: Plugin, { stdin, write }: PluginEnd<E, E2>): Effect.Effect<void> =>
  Effect.scoped(Effect.gen(function*() {
    const connected = Deferred.makeUnsafe<JsonRpcPeer>()
    const notify: Host["notify"] = (method, params) =>
      Deferred.await(connected).pipe(
        Effect.flatMap((peer) => peer.notify(method, params, { timeout: Duration.infinity })),
        // Nobody is left to hear it; the plugin is about to end.
        Effect.catchTag("PeerClosed", () => Effect.void),
        Effect.catch((error) => Effect.logError(`${method} was not sent: ${error.message}`))
      )
    const lifecycle = yield* makeLifecycle(plugin, notify)
    const peer = yield* make({
      read: stdin,
      write,
      onRequest: lifecycle.onRequest,
      onNotifications: lifecycle.onNotifications,
      onGarbage: (skipped) =>
        Effect.logWarning(`skipped ${skipped.length} frames that are not JSON-RPC, the first: ${skipped[0]?.text}`)
    })
    yield* Deferred.succeed(connected, peer)
    yield* Effect.raceFirst(lifecycle.exited, peer.closed)
    yield* lifecycle.stop
    yield* Effect.timeoutOption(peer.drained, FAREWELL)
  }))
