/** What this end says on its own: calls and notifications, each with a deadline that covers the wait for room as well. */
import { Duration, Effect, Exit } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type Frame, notification, request as requestFrame } from "../../schemas/JsonRpc.ts"
import type { Calls } from "./Calls.ts"
import { CANCEL_METHOD } from "./Intake.ts"
import type { Call } from "./OpenCalls.ts"
import type { Outbox } from "./Outbox.ts"
import { type PeerClosed, PeerFrameTooLarge, PeerTimedOut, type RpcError } from "./RpcError.ts"

export interface CallOptions {
  readonly timeout?: Duration.Input | undefined
  /** The other side understands `$/cancelRequest`: tell it when the caller is interrupted or out of time. */
  readonly cancellable?: boolean | undefined
  /** Told the request's id before it is written: what the notifications of a watch will carry. */
  readonly onId?: ((id: number) => void) | undefined
}

export interface Sender {
  /**
   * A request whose one outcome goes to `resume`, at once when it cannot be sent; what is returned gives it up. For whoever
   * makes an effect of it and cannot afford one around another; everybody else wants `request`.
   */
  readonly ask: (
    method: string,
    params: unknown,
    options: CallOptions | undefined,
    resume: (exit: Exit.Exit<Json, RpcError>) => void
  ) => Effect.Effect<void> | undefined
  readonly request: (method: string, params?: unknown, options?: CallOptions) => Effect.Effect<Json, RpcError>
  /** Succeeds when the frame is accepted for sending. */
  readonly notify: (
    method: string,
    params?: unknown,
    options?: Pick<CallOptions, "timeout">
  ) => Effect.Effect<void, PeerClosed | PeerTimedOut | PeerFrameTooLarge>
}

const encoder = new TextEncoder()

/** The line of a frame, or undefined when it is beyond the cap. */
export const lineOf = (frame: Frame, maxBytes: number): string | undefined => {
  const text = JSON.stringify(frame)
  // No UTF-16 unit takes more than three bytes: only long texts need counting.
  const fits = text.length * 3 <= maxBytes || (text.length <= maxBytes && encoder.encode(text).length <= maxBytes)
  return fits ? text + "\n" : undefined
}

/** The caller is gone: takes the frame back, or tells the other side where that is understood. */
export const abandon = (outbox: Outbox, maxBytes: number, { cancellable, id, withdraw }: Call): void => {
  if (withdraw?.() === true || !cancellable) return
  const cancel = lineOf(notification(CANCEL_METHOD, { id }), maxBytes)
  // Best effort: a connection that closes meanwhile has cancelled everything anyway.
  if (cancel !== undefined) outbox.enqueue(cancel, () => {})
}

export const makeSender = (calls: Calls, outbox: Outbox, maxBytes: number, fallback: Duration.Input): Sender => {
  const tooLarge = new PeerFrameTooLarge({ direction: "outgoing", limit: maxBytes })
  const fallbackMillis = Duration.toMillis(fallback)
  const millisOf = (timeout: Duration.Input | undefined) =>
    timeout === undefined ? fallbackMillis : typeof timeout === "number" ? timeout : Duration.toMillis(timeout)

  const ask: Sender["ask"] = (method, params, options, resume) => {
    const dead = calls.closed ?? outbox.closed
    if (dead !== undefined) {
      resume(Exit.fail(dead))
      return undefined
    }
    const id = calls.nextId()
    options?.onId?.(id)
    const line = lineOf(requestFrame(id, method, params), maxBytes)
    if (line === undefined) {
      resume(Exit.fail(tooLarge))
      return undefined
    }
    const millis = millisOf(options?.timeout)
    const cancellable = options?.cancellable === true
    const call: Call = { id, method, millis, cancellable, resume, withdraw: undefined, deadline: Infinity }
    calls.add(call)
    if (!outbox.offerNow(line)) {
      call.withdraw = outbox.enqueue(line, (exit) => {
        if (Exit.isFailure(exit) && outbox.closed !== undefined) calls.lose(id, outbox.closed)
      })
    }
    return Effect.sync(() => calls.interrupt(id))
  }

  const notify: Sender["notify"] = (method, params, options) =>
    Effect.suspend((): Effect.Effect<void, PeerClosed | PeerTimedOut | PeerFrameTooLarge> => {
      const line = lineOf(notification(method, params), maxBytes)
      if (line === undefined) return Effect.fail(tooLarge)
      if (outbox.offerNow(line)) return Effect.void
      const millis = millisOf(options?.timeout)
      return Effect.timeoutOrElse(outbox.offer(line), {
        duration: millis,
        orElse: () => Effect.fail(new PeerTimedOut({ method, millis }))
      })
    })

  return {
    ask,
    request: (method, params, options) => Effect.callback((resume) => ask(method, params, options, resume)),
    notify
  }
}
