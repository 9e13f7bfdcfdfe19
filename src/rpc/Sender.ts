/** What this end says on its own: calls and notifications, each with a deadline that covers the wait for room as well. */
import { Duration, Effect, Exit } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type Frame, notification, request as requestFrame } from "../../schemas/JsonRpc.ts"
import type { Calls } from "./Calls.ts"
import { CANCEL_METHOD } from "./Intake.ts"
import type { Outbox } from "./Outbox.ts"
import { type PeerClosed, PeerFrameTooLarge, PeerTimedOut, type RpcError } from "./RpcError.ts"

export interface CallOptions {
  readonly timeout?: Duration.Input
  /** The other side understands `$/cancelRequest`: tell it when the caller is interrupted or out of time. */
  readonly cancellable?: boolean
  /** Told the request's id before it is written: what the notifications of a watch will carry. */
  readonly onId?: (id: number) => void
}

export interface Sender {
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

export const makeSender = (calls: Calls, outbox: Outbox, maxBytes: number, fallback: Duration.Input): Sender => {
  const tooLarge = new PeerFrameTooLarge({ direction: "outgoing", limit: maxBytes })
  const fallbackMillis = Duration.toMillis(fallback)
  const millisOf = (timeout: Duration.Input | undefined) =>
    timeout === undefined ? fallbackMillis : Duration.toMillis(timeout)

  const request: Sender["request"] = (method, params, options) =>
    Effect.callback<Json, RpcError>((resume) => {
      const dead = calls.closed ?? outbox.closed
      if (dead !== undefined) return resume(Effect.fail(dead))
      const id = calls.nextId()
      options?.onId?.(id)
      const line = lineOf(requestFrame(id, method, params), maxBytes)
      if (line === undefined) return resume(Effect.fail(tooLarge))
      const withdraw = outbox.enqueue(line, (exit) => {
        if (Exit.isFailure(exit)) calls.settle(id, Exit.failCause(exit.cause))
      })
      const abandoned = () => {
        if (withdraw?.() === true || options?.cancellable !== true) return
        const cancel = lineOf(notification(CANCEL_METHOD, { id }), maxBytes)
        // Best effort: a connection that closes meanwhile has cancelled everything anyway.
        if (cancel !== undefined) outbox.enqueue(cancel, () => {})
      }
      calls.add(id, { method, millis: millisOf(options?.timeout), resume, abandoned })
      return Effect.sync(() => calls.interrupt(id))
    })

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

  return { request, notify }
}
