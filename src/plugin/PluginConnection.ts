/**
 * One process of a plugin, from spawn to end. `connect` succeeds when the handshake is done; from then on every call is
 * answered, refused, or fails by its deadline or with the connection. Closing the scope asks the plugin to leave, then
 * makes it.
 */
import { Deferred, Effect, Exit, Fiber, Schema, type Scope } from "effect"
import type { PluginCrashed, PluginError } from "../../schemas/errors/PluginErrors.ts"
import { ConnectionLost, HandshakeFailed, ProtocolMismatch } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { isCompatibleProtocol, PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import { type InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import * as JsonRpcPeer from "../rpc/JsonRpcPeer.ts"
import type { RpcError } from "../rpc/RpcError.ts"
import { callError } from "./CallError.ts"
import { leave, watchEnd } from "./PluginEnd.ts"
import { makeFanout, type PluginFanout } from "./PluginFanout.ts"
import type { PluginLog } from "./PluginLog.ts"
import { type PluginCommand, type PluginHeirs, PluginProcess } from "./PluginProcess.ts"

export interface ConnectOptions {
  readonly command: PluginCommand
  readonly initialize: InitializeParams
  /** Batches of notifications an observer may be behind. */
  readonly capacity: number
  readonly log: PluginLog
  /** What whoever waits is told should this daemon end it. */
  readonly ending?: () => string
}

export interface ConnectionCall {
  /** Milliseconds; 30 000 when absent. */
  readonly timeout?: number | undefined
  readonly onId?: ((id: number) => void) | undefined
}

export interface PluginConnection {
  readonly pid: number
  readonly initialized: InitializeResult
  readonly heirs: PluginHeirs
  readonly call: (method: string, params: unknown, options: ConnectionCall) => Effect.Effect<Json, PluginError>
  /** The same for a caller that makes the effect itself: one outcome to `resume`; what is returned gives the call up. */
  readonly ask: (
    method: string,
    params: unknown,
    options: ConnectionCall,
    resume: (outcome: Effect.Effect<Json, PluginError>) => void
  ) => Effect.Effect<void> | undefined
  readonly notify: (method: string, params: unknown, millis: number) => Effect.Effect<void, PluginError>
  readonly own: PluginFanout["own"]
  readonly observe: PluginFanout["observe"]
  /** Waits until nothing more can be asked of it, and says why; how it ended is known a little later. */
  readonly over: Effect.Effect<ConnectionLost>
  /** Waits for the end of the process or of its pipes, and for its last words; says how it ended. */
  readonly lost: Effect.Effect<PluginCrashed | ConnectionLost>
}

const HANDSHAKE_MILLIS = 30_000
/** For who waits to hear how it ended: that takes half as long when only its pipe did. */
const LAST_WORDS_MILLIS = 3_000

const decodeResult = Schema.decodeUnknownEffect(InitializeResult)

const handshake = Effect.fnUntraced(function*(
  { command: { plugin }, initialize }: ConnectOptions,
  peer: JsonRpcPeer.JsonRpcPeer,
  lost: PluginConnection["lost"]
) {
  const failed = (detail: string) => new HandshakeFailed({ plugin, detail })
  const explain = (error: RpcError): Effect.Effect<never, HandshakeFailed | PluginCrashed | ConnectionLost> => {
    if (error._tag === "PeerClosed") return Effect.flatMap(lost, Effect.fail)
    if (error._tag === "PeerRefused") {
      return Effect.fail(failed(`it refused initialize (${error.code}): ${error.message}`))
    }
    return Effect.fail(failed(error.message))
  }
  const answer = yield* Effect.catch(
    peer.request("initialize", initialize, { timeout: HANDSHAKE_MILLIS }),
    explain
  )
  const result = yield* Effect.mapError(
    decodeResult(answer),
    (error) => failed(`its answer to initialize is not understood: ${error.message}`)
  )
  if (!isCompatibleProtocol(result.protocol_version)) {
    return yield* new ProtocolMismatch({ plugin, theirs: result.protocol_version, ours: PROTOCOL_VERSION })
  }
  yield* Effect.catch(peer.notify("initialized"), explain)
  return result
})

/** Whoever was waiting hears how the process ended, when that is known soon, and within what it would have waited. */
const lostAs = (lost: PluginConnection["lost"], plugin: string, reason: string, millis: number) =>
  Effect.timeoutOrElse(Effect.map(lost, ({ detail }) => new ConnectionLost({ plugin, detail })), {
    duration: Math.min(LAST_WORDS_MILLIS, millis),
    orElse: () => Effect.succeed(new ConnectionLost({ plugin, detail: reason }))
  })

export const connect = Effect.fn("PluginConnection.connect")(function*(
  options: ConnectOptions
): Effect.fn.Return<
  PluginConnection,
  HandshakeFailed | ProtocolMismatch | PluginCrashed | ConnectionLost,
  PluginProcess | Scope.Scope
> {
  const { command: { plugin }, ending = () => "this daemon ended it", log } = options
  const pipes = yield* PluginProcess.use(({ spawn }) => spawn(options.command))
  const fanout = makeFanout(plugin, options.capacity)
  const peer = yield* JsonRpcPeer.make({
    read: pipes.stdout,
    write: pipes.write,
    deaf: pipes.deaf,
    onNotifications: (batch, bytes) => Effect.andThen(log.entries(batch), fanout.publish(batch, bytes)),
    onGarbage: log.skipped
  })
  const held = { plugin, pipes, peer, fanout, log }
  const ended = yield* Deferred.make<PluginCrashed | ConnectionLost>()
  const lost = Deferred.await(ended)
  const end = (error: PluginCrashed | ConnectionLost) =>
    Effect.andThen(fanout.end(new ConnectionLost({ plugin, detail: error.detail })), Deferred.succeed(ended, error))
  yield* Effect.addFinalizer(() => end(new ConnectionLost({ plugin, detail: ending() })))
  const { lastWords, over } = yield* watchEnd(held)
  const watching = yield* Effect.forkScoped(Effect.flatMap(lastWords, end))
  let greeted = false
  yield* Effect.addFinalizer(() => {
    // Who is lost had its time to leave, and who never came has nothing to end.
    const leaving = greeted && !Deferred.isDoneUnsafe(ended) ? leave(held) : Effect.void
    return Effect.andThen(pipes.heirs.now, Effect.andThen(Fiber.interrupt(watching), leaving))
  })
  const initialized = yield* Effect.raceFirst(handshake(options, peer, lost), Effect.flatMap(lost, Effect.fail))
  greeted = true

  const cancellable = initialized.capabilities.cancellation
  const failed = (method: string, millis = LAST_WORDS_MILLIS) => (error: RpcError): Effect.Effect<never, PluginError> =>
    error._tag === "PeerClosed"
      ? Effect.flatMap(lostAs(lost, plugin, error.reason, error.left ?? millis), Effect.fail)
      : Effect.fail(callError(plugin, method)(error))
  const ask: PluginConnection["ask"] = (method, params, { onId, timeout }, resume) =>
    peer.ask(
      method,
      params,
      { timeout, onId, cancellable },
      (exit) => resume(Exit.isSuccess(exit) ? Exit.succeed(exit.value) : Effect.catch(exit, failed(method, timeout)))
    )
  return {
    pid: pipes.pid,
    initialized,
    heirs: pipes.heirs,
    ask,
    call: (method, params, options) => Effect.callback((resume) => ask(method, params, options, resume)),
    notify: (method, params, millis) =>
      Effect.catch(peer.notify(method, params, { timeout: millis }), failed(method, millis)),
    own: fanout.own,
    observe: fanout.observe,
    over,
    lost
  }
})
