/**
 * One end of a JSON-RPC 2.0 connection over any pair of byte pipes. No call hangs: it is answered, refused, or fails by its
 * deadline or with the connection. No notification is lost: while `onNotifications` is busy nothing more is read.
 *
 * Gotcha: `onNotifications` must not wait for an answer of the same peer, since that answer is not read before it returns.
 */
import { Cause, Clock, Deferred, Duration, Effect, Exit, Fiber, FiberHandle, type Scope, Stream } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { ErrorCode, failure, isErrorObject, type Notification, type Response } from "../../schemas/JsonRpc.ts"
import { Calls } from "./Calls.ts"
import { type Garbage, garbage, MAX_DEPTH } from "./FrameAssembler.ts"
import { type Handlers, makeHandlers, type RequestHandler } from "./Handlers.ts"
import { type Act, type Answer, Intake, type Read } from "./Intake.ts"
import { MAX_FRAME_BYTES } from "./LineSplitter.ts"
import { Outbox, type OutboxLimits } from "./Outbox.ts"
import { PeerClosed, PeerFrameTooDeep, PeerFrameTooLarge, PeerRefused } from "./RpcError.ts"
import { abandon, lineOf, makeSender, type Sender } from "./Sender.ts"

export interface PeerOptions<E, E2, R> {
  readonly read: Stream.Stream<Uint8Array, E>
  readonly write: (text: string) => Effect.Effect<void, E2>
  /** Waits until the other side has stopped reading, for a `write` that returns before its text has left. */
  readonly deaf?: Effect.Effect<void>
  /** One array a read, in order, and about how many bytes it came in; reading goes on when it returns. */
  readonly onNotifications?: (batch: ReadonlyArray<Notification>, bytes: number) => Effect.Effect<void, never, R>
  /** Without it every request of the other side is answered -32601. */
  readonly onRequest?: RequestHandler<R>
  /** What arrived and was skipped. */
  readonly onGarbage?: (skipped: ReadonlyArray<Garbage>) => Effect.Effect<void, never, R>
  /** The deadline of calls that bring none; 30 seconds. */
  readonly timeout?: Duration.Input
  readonly maxFrameBytes?: number
  readonly maxOutgoing?: OutboxLimits
  /** How many requests of the other side run at once; 1024. */
  readonly maxRunning?: number
}

export interface JsonRpcPeer extends Sender {
  /** Waits until nothing more can be asked; after a failed write, answers in the pipe may still follow for a second. */
  readonly closed: Effect.Effect<PeerClosed>
  /** Waits until everything was read and handed over, and every request in it is answered. */
  readonly read: Effect.Effect<void>
  /** Waits until every request of the other side is answered and everything accepted is written; give it a deadline. */
  readonly drained: Effect.Effect<void>
}

const DEFAULT_TIMEOUT = Duration.seconds(30)
const DEFAULT_OUTGOING: OutboxLimits = { frames: 1024, chars: 4 * 1024 * 1024 }
const DEFAULT_RUNNING = 1024
const STOPPED_READING = "its stdin is closed"
/** After a failed write, how long answers that are already in the pipe may still arrive. */
const LAST_WORDS = Duration.seconds(1)

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

const exitOf = ({ error, result }: Answer): Exit.Exit<Json, PeerRefused> => {
  if (error === undefined || error === null) return Exit.succeed(result ?? null)
  const { code, data, message } = isErrorObject(error)
    ? error
    : { code: ErrorCode.InternalError, message: `malformed error object: ${JSON.stringify(error)}`, data: undefined }
  return Exit.fail(new PeerRefused(data === undefined ? { code, message } : { code, message, data }))
}

interface Parts<R> {
  readonly calls: Calls
  readonly outbox: Outbox
  readonly handlers: Handlers
  readonly maxFrameBytes: number
  readonly onNotifications: (batch: ReadonlyArray<Notification>, bytes: number) => Effect.Effect<void, never, R>
  readonly onGarbage: (skipped: ReadonlyArray<Garbage>) => Effect.Effect<void, never, R>
}

/** Acts on one frame; what comes back is the refusal to send. */
const perform = <R>({ calls, handlers, maxFrameBytes }: Parts<R>, act: Act): Response | undefined => {
  switch (act._tag) {
    case "Answer":
      if (typeof act.id === "number") calls.settle(act.id, exitOf(act))
      return undefined
    case "Dropped":
      calls.settle(
        act.id,
        Exit.fail(
          act.kind === "too-deep"
            ? new PeerFrameTooDeep({ limit: MAX_DEPTH })
            : new PeerFrameTooLarge({ direction: "incoming", limit: maxFrameBytes })
        )
      )
      return undefined
    case "Cancel":
      handlers.cancel(act.id)
      return undefined
    case "Request":
      return handlers.start(act.request)
  }
}

/** A late answer is nobody's fault; an answer to what was never asked is worth a word. */
const isStray = (calls: Calls, act: Act): act is Answer => act._tag === "Answer" && !calls.wasIssued(act.id)

const deliver = Effect.fnUntraced(function*<R>(parts: Parts<R>, read: Read) {
  const skipped = [...read.garbage]
  const refusals: Array<Response> = []
  const performAll = (acts: ReadonlyArray<Act>) => {
    for (const act of acts) {
      if (isStray(parts.calls, act)) {
        skipped.push(garbage("stray-answer", JSON.stringify(act.error ?? act.result ?? null)))
      }
      const refusal = perform(parts, act)
      if (refusal !== undefined) refusals.push(refusal)
    }
  }
  for (const { acts, bytes, notifications } of read.steps) {
    if (notifications.length > 0) yield* parts.onNotifications(notifications, bytes)
    if (acts.length > 0) parts.calls.atOnce(() => performAll(acts))
  }
  // Waiting here holds back a sender that asks faster than it reads its refusals.
  for (const refusal of refusals) yield* say(parts.outbox, refusal, parts.maxFrameBytes)
  if (skipped.length > 0) yield* parts.onGarbage(skipped)
})

/** An answer that finds the connection closed has nobody left to read it. */
const say = (outbox: Outbox, response: Response, maxFrameBytes: number): Effect.Effect<void> => {
  const line = lineOf(response, maxFrameBytes) ?? lineOf(
    failure(response.id ?? null, {
      code: ErrorCode.InternalError,
      message: `the answer has more than ${maxFrameBytes} bytes`
    }),
    Infinity
  )
  return line === undefined ? Effect.void : Effect.ignore(outbox.offer(line))
}

export const make = Effect.fnUntraced(function*<E, E2, R = never>(
  options: PeerOptions<E, E2, R>
): Effect.fn.Return<JsonRpcPeer, never, R | Scope.Scope> {
  const maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES
  const outbox = new Outbox(options.maxOutgoing ?? DEFAULT_OUTGOING)
  const deadlines = yield* FiberHandle.make<void>()
  const calls = new Calls(
    yield* Clock.Clock,
    yield* FiberHandle.runtime(deadlines)(),
    (call) => abandon(outbox, maxFrameBytes, call)
  )
  const handlers = yield* makeHandlers(
    options.onRequest,
    (response) => say(outbox, response, maxFrameBytes),
    options.maxRunning ?? DEFAULT_RUNNING
  )
  const parts: Parts<R> = {
    calls,
    outbox,
    handlers,
    maxFrameBytes,
    onNotifications: options.onNotifications ?? (() => Effect.void),
    onGarbage: options.onGarbage ?? (() => Effect.void)
  }
  const closed = Deferred.makeUnsafe<PeerClosed>()
  const tell = (reason: string): PeerClosed => {
    const error = new PeerClosed({ reason })
    Deferred.doneUnsafe(closed, Exit.succeed(error))
    return error
  }
  const close = (reason: string): PeerClosed => {
    const error = tell(reason)
    calls.close(error)
    return error
  }

  const reading = yield* Effect.forkScoped(read(options.read, parts, close))
  yield* Effect.forkScoped(write(outbox, options.write, options.deaf ?? Effect.never, tell, close))
  yield* Effect.addFinalizer(() => Effect.sync(() => outbox.abandon(close("this end was shut down"))))
  return {
    ...makeSender(calls, outbox, maxFrameBytes, options.timeout ?? DEFAULT_TIMEOUT),
    closed: Deferred.await(closed),
    read: Effect.asVoid(Fiber.await(reading)),
    drained: Effect.andThen(handlers.idle, outbox.written)
  }
})

const read = <E, R>(source: Stream.Stream<Uint8Array, E>, parts: Parts<R>, close: (reason: string) => PeerClosed) => {
  const intake = new Intake(parts.maxFrameBytes)
  return Stream.runForEachArray(source, (chunks) => deliver(parts, intake.read(chunks))).pipe(
    Effect.andThen(Effect.suspend(() => deliver(parts, intake.end()))),
    Effect.exit,
    Effect.flatMap((exit) => {
      const error = close(Exit.isSuccess(exit) ? "the other side ended it" : `reading failed: ${reasonOf(exit.cause)}`)
      // Work of the other side that is still running may be answered: only its own end of the pipe is gone.
      return Effect.andThen(parts.handlers.idle, Effect.sync(() => parts.outbox.close(error)))
    })
  )
}

const write = <E>(
  outbox: Outbox,
  sink: (text: string) => Effect.Effect<void, E>,
  deaf: Effect.Effect<void>,
  tell: (reason: string) => PeerClosed,
  close: (reason: string) => PeerClosed
) =>
  Effect.catchCause(Effect.raceFirst(outbox.run(sink), Effect.andThen(deaf, Effect.fail(STOPPED_READING))), (cause) => {
    const reason = `writing failed: ${reasonOf(cause)}`
    outbox.abandon(tell(reason))
    return Effect.andThen(Effect.sleep(LAST_WORDS), Effect.sync(() => close(reason)))
  })
