/**
 * One process of a plugin, from spawn to end. `connect` succeeds when the handshake is done; from then on every call is
 * answered, refused, or fails by its deadline or with the connection. Closing the scope asks the plugin to leave, then
 * makes it.
 */
import { Deferred, Effect, Exit, Fiber, Option, Schema, type Scope } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { ConnectionLost, HandshakeFailed, PluginCrashed, ProtocolMismatch } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { isCompatibleProtocol, PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import { type InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import * as JsonRpcPeer from "../rpc/JsonRpcPeer.ts"
import type { RpcError } from "../rpc/RpcError.ts"
import { callError } from "./CallError.ts"
import { makeFanout, type PluginFanout } from "./PluginFanout.ts"
import type { PluginLog } from "./PluginLog.ts"
import {
  type PluginCommand,
  type PluginExit,
  type PluginHeirs,
  type PluginPipes,
  PluginProcess
} from "./PluginProcess.ts"
import { readLines } from "./StderrLines.ts"

export interface ConnectOptions {
  readonly command: PluginCommand
  readonly initialize: InitializeParams
  /** Batches of notifications an observer may be behind. */
  readonly capacity: number
  readonly log: PluginLog
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
const SHUTDOWN_MILLIS = 2_000
/** How long the end of the one may come after that of the other; a grandchild can hold a pipe open for ever. */
const LAST_WORDS = "1 second"

const howItEnded = ({ code, signal }: PluginExit): string =>
  signal === undefined ? `it ended with exit code ${code}` : `it was ended by ${signal}`

/** Frames that are still in the pipe are waited for; a grandchild that holds it open is not, and no owner is. */
const handOver = (peer: JsonRpcPeer.JsonRpcPeer, fanout: PluginFanout): Effect.Effect<void> =>
  Effect.andThen(fanout.drain, Effect.raceFirst(peer.read, fanout.quiet))

/** Why the connection ended, in the plugin's own last words when it left some. */
const watchEnd = Effect.fnUntraced(function*(
  { command: { plugin }, log }: ConnectOptions,
  pipes: PluginPipes,
  peer: JsonRpcPeer.JsonRpcPeer,
  fanout: PluginFanout
) {
  let lastLine = ""
  const onLine = (line: string) => {
    lastLine = line
    return log.stderr(line)
  }
  const stderr = yield* Effect.forkScoped(readLines(onLine)(pipes.stderr))
  const lost = (detail: string) => new ConnectionLost({ plugin, detail })
  const over = Effect.raceFirst(
    Effect.map(peer.closed, ({ reason }) => lost(reason)),
    Effect.as(pipes.exit, lost("its process ended"))
  )
  const ended = Effect.gen(function*() {
    const { detail } = yield* over
    yield* handOver(peer, fanout)
    const exited = yield* Effect.timeoutOption(pipes.exit, LAST_WORDS)
    if (Option.isNone(exited)) return lost(`${detail}, though its process lives on`)
    yield* Effect.timeoutOption(Fiber.await(stderr), LAST_WORDS)
    const words = lastLine === "" ? "" : ` (its last words: ${lastLine.slice(0, 200)})`
    return new PluginCrashed({ plugin, detail: howItEnded(exited.value) + words })
  })
  return { over, ended }
})

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

/** Best effort at every step: what does not answer or listen is ended by the closing of the process's own scope. */
const leave = (peer: JsonRpcPeer.JsonRpcPeer, pipes: PluginPipes, fanout: PluginFanout) =>
  Effect.ignore(peer.request("shutdown", undefined, { timeout: SHUTDOWN_MILLIS })).pipe(
    Effect.andThen(Effect.ignore(peer.notify("exit", undefined, { timeout: SHUTDOWN_MILLIS }))),
    Effect.andThen(Effect.timeoutOption(peer.drained, SHUTDOWN_MILLIS)),
    Effect.andThen(pipes.closeStdin),
    Effect.andThen(Effect.timeoutOption(pipes.exit, SHUTDOWN_MILLIS)),
    // What it still had to say is its owners'; where there are none it is ended at once.
    Effect.andThen(Effect.suspend(() => fanout.isOwned() ? handOver(peer, fanout) : Effect.void))
  )

/** Whoever was waiting hears how the process ended, when that is known soon, and within what it would have waited. */
const lostAs = (lost: PluginConnection["lost"], plugin: string, reason: string, millis: number) =>
  Effect.timeoutOrElse(Effect.map(lost, ({ detail }) => new ConnectionLost({ plugin, detail })), {
    duration: Math.min(SHUTDOWN_MILLIS, millis),
    orElse: () => Effect.succeed(new ConnectionLost({ plugin, detail: reason }))
  })

export const connect = Effect.fn("PluginConnection.connect")(function*(
  options: ConnectOptions
): Effect.fn.Return<
  PluginConnection,
  HandshakeFailed | ProtocolMismatch | PluginCrashed | ConnectionLost,
  PluginProcess | Scope.Scope
> {
  const { plugin } = options.command
  const processes = yield* PluginProcess
  const pipes = yield* processes.spawn(options.command)
  const fanout = makeFanout(plugin, options.capacity)
  const peer = yield* JsonRpcPeer.make({
    read: pipes.stdout,
    write: pipes.write,
    deaf: pipes.deaf,
    onNotifications: (batch, bytes) => Effect.andThen(options.log.entries(batch), fanout.publish(batch, bytes)),
    onGarbage: options.log.skipped
  })
  const ended = yield* Deferred.make<PluginCrashed | ConnectionLost>()
  const end = (error: PluginCrashed | ConnectionLost) =>
    Effect.andThen(fanout.end(new ConnectionLost({ plugin, detail: error.detail })), Deferred.succeed(ended, error))
  yield* Effect.addFinalizer(() => end(new ConnectionLost({ plugin, detail: "this daemon stopped it" })))
  const watched = yield* watchEnd(options, pipes, peer, fanout)
  yield* Effect.forkScoped(Effect.flatMap(watched.ended, end))
  const lost = Deferred.await(ended)
  const initialized = yield* Effect.raceFirst(handshake(options, peer, lost), Effect.flatMap(lost, Effect.fail))
  const cancellable = initialized.capabilities.cancellation

  yield* Effect.addFinalizer(() =>
    // Who is lost already had its time to leave.
    Effect.andThen(pipes.heirs.now, Deferred.isDoneUnsafe(ended) ? Effect.void : leave(peer, pipes, fanout))
  )
  const failed = (method: string, millis = SHUTDOWN_MILLIS) => (error: RpcError): Effect.Effect<never, PluginError> =>
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
    over: watched.over,
    lost
  }
})
