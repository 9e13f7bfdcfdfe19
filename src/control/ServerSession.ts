/**
 * One client of the control server: its frames become requests, what the handlers say becomes lines. Requests run
 * concurrently and are answered as they finish; everything a client can pile up here is bounded.
 */
import { Cause, Effect, Exit, Latch } from "effect"
import { Headers } from "effect/http"
import { RpcMessage } from "effect/rpc"
import { ControlError, toErrorObject } from "../../schemas/control/ControlError.ts"
import { watching } from "../../schemas/control/Watch.ts"
import type { Json } from "../../schemas/Json.ts"
import type { ErrorObject, RequestId } from "../../schemas/JsonRpc.ts"
import type { Garbage } from "../rpc/FrameAssembler.ts"
import { codecOf, type ControlRpc, type MethodCodec } from "./ControlCodec.ts"
import * as Frames from "./ControlFrames.ts"
import { elsewhere } from "./Elsewhere.ts"
import { isEnded } from "./StreamEnd.ts"

const MAX_IN_FLIGHT = 1024
const MAX_BATCH = 1000

/** The answers of a batch leave together, once the last one is there. */
interface Batch {
  missing: number
  readonly lines: Array<string>
}

interface Pending {
  readonly id: RequestId | undefined
  readonly codec: MethodCodec
  readonly batch: Batch | undefined
  answered: boolean
}

interface SessionOptions {
  readonly send: (line: string) => Effect.Effect<void>
  readonly toServer: (message: RpcMessage.FromClient<ControlRpc>) => Effect.Effect<void>
}

const errorOf = (cause: Cause.Cause<ControlError>): ErrorObject => {
  const failure = cause.reasons.find(Cause.isFailReason)
  if (failure !== undefined) return toErrorObject(failure.error)
  if (Cause.hasInterruptsOnly(cause)) return Frames.requestCancelled
  const message = "the daemon failed inside itself. What happened is in: animus logs --level error"
  return toErrorObject(new ControlError({ category: "internal", message }))
}

const closingLine = (id: RequestId, exit: Exit.Exit<unknown, ControlError>): string => {
  if (Exit.isSuccess(exit)) return Frames.closedLine(id, "completed")
  const failure = exit.cause.reasons.find(Cause.isFailReason)
  if (failure !== undefined && isEnded(failure.error)) return Frames.closedLine(id, failure.error.message)
  if (failure !== undefined) return Frames.closedLine(id, failure.error.message, failure.error.category)
  if (Cause.hasInterruptsOnly(exit.cause)) return Frames.closedLine(id, "cancelled")
  return Frames.closedLine(id, errorOf(exit.cause).message, "internal")
}

export class ServerSession {
  private readonly pending = new Map<RpcMessage.RequestId, Pending>()
  private readonly byWireId = new Map<RequestId, RpcMessage.RequestId>()
  private readonly idle = Latch.makeUnsafe(true)
  private requests = 0
  private readonly options: SessionOptions

  constructor(options: SessionOptions) {
    this.options = options
  }

  /** Waits until nothing is in flight. */
  get settled(): Effect.Effect<void> {
    return this.idle.await
  }

  garbage(found: Garbage): Effect.Effect<void> {
    const error = found.kind === "too-large" || found.kind === "too-deep"
      ? Frames.invalidRequest(
        found.kind === "too-large" ? "the frame has more than 16 MiB" : "the frame is nested too deeply"
      )
      : Frames.parseError("this line is not JSON")
    return this.options.send(Frames.errorLine(undefined, error))
  }

  frame(value: Json): Effect.Effect<void> {
    if (!Array.isArray(value)) return this.one(value, undefined)
    if (value.length === 0 || value.length > MAX_BATCH) {
      const error = Frames.invalidRequest(`a batch holds 1 to ${MAX_BATCH} requests`)
      return this.options.send(Frames.errorLine(undefined, error))
    }
    const answered = value.filter((frame) => !["Cancel", "Ignored"].includes(Frames.readClientFrame(frame)._tag))
    const batch: Batch = { missing: answered.length, lines: [] }
    return Effect.forEach(value, (frame) => this.one(frame, batch), { discard: true })
  }

  /** Ends what only makes sense while somebody listens. */
  get endStreams(): Effect.Effect<void> {
    const streams = Array.from(this.pending).filter(([, { codec }]) => codec._tag === "Stream")
    return Effect.forEach(streams, ([requestId]) => this.interrupt(requestId), { discard: true })
  }

  private one(value: Json, batch: Batch | undefined): Effect.Effect<void> {
    const frame = Frames.readClientFrame(value)
    switch (frame._tag) {
      case "Ignored":
        return Effect.void
      case "Invalid":
        return this.reply(batch, Frames.errorLine(frame.id, Frames.invalidRequest(frame.detail)))
      case "Cancel": {
        const requestId = this.byWireId.get(frame.id)
        return requestId === undefined ? Effect.void : this.interrupt(requestId)
      }
      case "Call": {
        const refuse = (error: ErrorObject) => this.reply(batch, Frames.errorLine(frame.id, error))
        const codec = codecOf(frame.method)
        if (codec === undefined) {
          const known = elsewhere(frame.method)
          return refuse(known === undefined ? Frames.unknownMethod(frame.method) : toErrorObject(known))
        }
        if (codec._tag === "Stream" && frame.id === undefined) {
          return refuse(Frames.invalidRequest(`${frame.method} opens a stream and needs an id`))
        }
        if (!Frames.isParamsObject(frame.params)) {
          return refuse(Frames.invalidParams(frame.method, "expected an object"))
        }
        const payload = codec.decodeParams(frame.params)
        if (Exit.isFailure(payload)) {
          const detail = payload.cause.reasons.find(Cause.isFailReason)?.error.message ?? "unreadable"
          return refuse(Frames.invalidParams(frame.method, detail))
        }
        if (this.pending.size >= MAX_IN_FLIGHT) {
          const message =
            `more than ${MAX_IN_FLIGHT} requests in flight on one connection: wait for answers, or open another`
          return refuse(toErrorObject(new ControlError({ category: "unavailable", message })))
        }
        return this.begin({ id: frame.id, codec, batch, answered: false }, payload.value)
      }
    }
  }

  private begin(pending: Pending, payload: RpcMessage.Request<ControlRpc>["payload"]): Effect.Effect<void> {
    const replaced = this.replaceStream(pending.id)
    const requestId = RpcMessage.RequestId(this.requests++)
    this.pending.set(requestId, pending)
    this.idle.closeUnsafe()
    if (pending.id !== undefined) this.byWireId.set(pending.id, requestId)
    const tag = pending.codec.method
    const request = { _tag: "Request", id: requestId, tag, payload, headers: Headers.empty } as const
    return Effect.andThen(replaced, Effect.suspend(() => this.options.toServer(request)))
  }

  /** An id that is used again ends the stream that had it, without a word: what follows belongs to the new request. */
  private replaceStream(id: RequestId | undefined): Effect.Effect<void> {
    const requestId = id === undefined ? undefined : this.byWireId.get(id)
    const previous = requestId === undefined ? undefined : this.pending.get(requestId)
    if (requestId === undefined || previous?.codec._tag !== "Stream") return Effect.void
    this.forget(requestId, previous)
    const unanswered = previous.answered
      ? Effect.void
      : this.reply(previous.batch, Frames.errorLine(id, Frames.requestCancelled))
    return Effect.andThen(unanswered, this.interrupt(requestId))
  }

  private interrupt(requestId: RpcMessage.RequestId): Effect.Effect<void> {
    return this.options.toServer({ _tag: "Interrupt", requestId, interruptors: [] })
  }

  fromServer(message: RpcMessage.FromServer<ControlRpc>): Effect.Effect<void> {
    if (message._tag !== "Chunk" && message._tag !== "Exit") return Effect.void
    const pending = this.pending.get(message.requestId)
    if (pending === undefined) return Effect.void
    if (message._tag === "Chunk") return this.elements(pending, message.values)
    this.forget(message.requestId, pending)
    const { exit } = message
    const report = Exit.isFailure(exit) && Cause.hasDies(exit.cause)
      ? Effect.logError(`${pending.codec.method} failed inside the daemon`, exit.cause)
      : Effect.void
    return Effect.andThen(report, this.finish(pending, exit))
  }

  private elements(pending: Pending, values: ReadonlyArray<unknown>): Effect.Effect<void> {
    const { batch, codec, id } = pending
    // Streams always have an id; see `one`.
    if (codec._tag !== "Stream" || id === undefined) return Effect.void
    const first = !pending.answered
    pending.answered = true
    const encoded = values.slice(first ? 1 : 0).map((element) => codec.encode(element))
    const lines = encoded.filter(Exit.isSuccess).map(({ value }) => Frames.elementLine(codec.notification, id, value))
    const lost = encoded.length - lines.length
    return Effect.gen({ self: this }, function*() {
      if (first) yield* this.reply(batch, Frames.answerLine(id, watching))
      if (lines.length > 0) yield* this.options.send(lines.join("\n"))
      if (lost > 0) yield* Effect.logError(`${lost} elements of ${codec.method} do not fit its schema`)
    })
  }

  private finish({ answered, batch, codec, id }: Pending, exit: Exit.Exit<unknown, ControlError>): Effect.Effect<void> {
    if (answered) return id === undefined ? Effect.void : this.options.send(closingLine(id, exit))
    if (Exit.isFailure(exit)) return this.reply(batch, Frames.errorLine(id, errorOf(exit.cause)))
    const result = codec.encode(exit.value)
    if (Exit.isSuccess(result)) return this.reply(batch, Frames.answerLine(id, result.value))
    const message = `the result of ${codec.method} cannot be written. Look into: animus logs --level error`
    const line = Frames.errorLine(id, toErrorObject(new ControlError({ category: "internal", message })))
    return Effect.andThen(
      Effect.logError(`${codec.method} answered what its schema forbids`, result.cause),
      this.reply(batch, line)
    )
  }

  private forget(requestId: RpcMessage.RequestId, pending: Pending): void {
    this.pending.delete(requestId)
    if (pending.id !== undefined && this.byWireId.get(pending.id) === requestId) this.byWireId.delete(pending.id)
    if (this.pending.size === 0) this.idle.openUnsafe()
  }

  private reply(batch: Batch | undefined, line: string): Effect.Effect<void> {
    if (batch === undefined) return this.options.send(line)
    batch.lines.push(line)
    batch.missing--
    return batch.missing > 0 ? Effect.void : this.options.send(`[${batch.lines.join(",")}]`)
  }
}
