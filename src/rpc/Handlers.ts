/**
 * Requests of the other side. Each runs on its own, away from the reader, and is answered exactly once; a cancelled one is
 * interrupted and answered -32002. Beyond the bound requests are refused at once, so that cancellations are always read.
 */
import { Cause, Effect, Exit, Fiber, FiberSet, type Scope } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { ErrorCode, failure, type Request, type RequestId, type Response, success } from "../../schemas/JsonRpc.ts"
import { PeerRefused } from "./RpcError.ts"

export type RequestHandler<R = never> = (
  method: string,
  params: unknown,
  id: RequestId
) => Effect.Effect<Json, PeerRefused, R>

export interface Handlers {
  /** Starts the handler, or returns the refusal to send. */
  readonly start: (request: Request) => Response | undefined
  readonly cancel: (id: unknown) => void
  /** Waits until everything that was started is answered. */
  readonly idle: Effect.Effect<void>
}

const refusal = (request: Request, code: number, message: string): Response => failure(request.id, { code, message })

const answerOf = (id: RequestId, exit: Exit.Exit<Json, PeerRefused>): Response => {
  if (Exit.isSuccess(exit)) return success(id, exit.value)
  const reason = exit.cause.reasons.find(Cause.isFailReason)
  if (reason !== undefined) {
    const { code, data, message } = reason.error
    return failure(id, data === undefined ? { code, message } : { code, message, data })
  }
  return failure(
    id,
    Cause.hasInterruptsOnly(exit.cause)
      ? { code: ErrorCode.RequestCancelled, message: "the request was cancelled" }
      : { code: ErrorCode.InternalError, message: "the handler failed unexpectedly" }
  )
}

export const makeHandlers = Effect.fnUntraced(function*<R>(
  handle: RequestHandler<R> | undefined,
  answer: (response: Response) => Effect.Effect<void>,
  limit: number
): Effect.fn.Return<Handlers, never, R | Scope.Scope> {
  const fibers = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(fibers)<R>()
  const running = new Map<RequestId, Fiber.Fiber<void>>()

  const run = (request: Request, handler: RequestHandler<R>) =>
    Effect.uninterruptibleMask((restore) =>
      restore(Effect.suspend(() => handler(request.method, request.params, request.id))).pipe(
        Effect.tapDefect((defect) => Effect.logError(`the handler of ${request.method} failed unexpectedly`, defect)),
        Effect.exit,
        Effect.flatMap((exit) => answer(answerOf(request.id, exit)))
      )
    )

  return {
    start: (request) => {
      if (handle === undefined) return refusal(request, ErrorCode.MethodNotFound, `no such method: ${request.method}`)
      if (running.has(request.id)) return refusal(request, ErrorCode.InvalidRequest, "this id is already in use")
      if (running.size >= limit) {
        return refusal(request, ErrorCode.InternalError, `${limit} requests are already running; try again later`)
      }
      const fiber = fork(run(request, handle))
      running.set(request.id, fiber)
      fiber.addObserver(() => {
        running.delete(request.id)
      })
      return undefined
    },
    cancel: (id) => {
      if (typeof id === "string" || typeof id === "number") running.get(id)?.interruptUnsafe()
    },
    idle: FiberSet.awaitEmpty(fibers)
  }
})
