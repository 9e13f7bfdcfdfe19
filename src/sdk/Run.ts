/** A plugin behind a pair of byte pipes, wherever they lead: the pipes of a process, or those of a test. */
import { Deferred, Duration, Effect, type Stream } from "effect"
import { type JsonRpcPeer, make } from "../rpc/JsonRpcPeer.ts"
import { makeLifecycle } from "./Lifecycle.ts"
import { parentGone } from "./Parent.ts"
import type { Host } from "./Part.ts"
import type { Plugin } from "./Plugin.ts"

export interface PluginEnd<E = never, E2 = never> {
  /** What the host writes; its end is the end of the plugin. */
  readonly stdin: Stream.Stream<Uint8Array, E>
  /** Waits while the host does not read. */
  readonly write: (text: string) => Effect.Effect<void, E2>
}

/** How long the last answers may take to leave, once the host has closed its end. */
const FAREWELL = Duration.seconds(1)
/** How long detached work may take to settle, once the host has closed its end and still lives. */
const SETTLE = Duration.seconds(5)

/**
 * Serves until the host says `exit`, closes the pipe or is gone. Whatever runs then is interrupted, except that detached work
 * may settle for five seconds after the end of stdin; what the plugin acquired is released before this returns. Interrupting
 * it is a sudden death without answers.
 */
export const run = <E, E2>(plugin: Plugin, { stdin, write }: PluginEnd<E, E2>): Effect.Effect<void> =>
  Effect.scoped(Effect.gen(function*() {
    let heard = true
    const orphaned = parentGone("5 seconds")
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
      write: (text) =>
        Effect.tapCause(write(text), () =>
          Effect.sync(() => {
            heard = false
          })),
      onRequest: lifecycle.onRequest,
      onNotifications: lifecycle.onNotifications,
      onGarbage: (skipped) =>
        Effect.logWarning(`skipped ${skipped.length} frames that are not JSON-RPC, the first: ${skipped[0]?.text}`)
    })
    yield* Deferred.succeed(connected, peer)
    const closed = Effect.as(peer.closed, true)
    const mayListen = yield* Effect.raceAllFirst([
      Effect.as(lifecycle.exited, false),
      Effect.as(orphaned, false),
      closed
    ])
    if (mayListen && heard) {
      yield* Effect.timeoutOption(Effect.raceFirst(lifecycle.settle, parentGone("100 millis")), SETTLE)
    }
    yield* lifecycle.stop
    yield* Effect.timeoutOption(peer.drained, FAREWELL)
  }))
