/** One connection of a client: which requests are out on it, and what each frame that comes back means to them. */
import { Cause, Effect, Exit, Schema } from "effect"
import type { Rpc, RpcMessage } from "effect/rpc"
import { Category } from "../../schemas/Category.ts"
import { ControlError, fromErrorObject } from "../../schemas/control/ControlError.ts"
import { watching } from "../../schemas/control/Watch.ts"
import type { Json } from "../../schemas/Json.ts"
import { isErrorObject } from "../../schemas/JsonRpc.ts"
import { isObject, strictFrames } from "../rpc/FrameAssembler.ts"
import { LineSplitter } from "../rpc/LineSplitter.ts"
import type { Channel } from "./Channel.ts"
import type { CallCodec, ControlElement, ControlRpc, MethodCodec, StreamCodec } from "./ControlCodec.ts"
import * as Frames from "./ControlFrames.ts"
import { BUFFER_FULL_LAGGED } from "./StreamEnd.ts"

type FromServer = RpcMessage.FromServer<ControlRpc>
type RequestId = RpcMessage.RequestId

const isCategory = Schema.is(Category)

const connectionLost = new ControlError({
  category: "unavailable",
  message: "the connection to the daemon was lost before it answered. See whether it still runs: animus daemon status"
})

/** The daemon ended, or closed the connection, with a call under way. */
export const isConnectionLost = (error: unknown): boolean => error === connectionLost

const unreadable = (method: string, detail: string) =>
  Exit.fail(
    new ControlError({
      category: "internal",
      message:
        `the daemon's answer to ${method} cannot be read (${detail}). It may be of another release: animus daemon stop, then start`
    })
  )

const detailOf = (cause: Cause.Cause<Schema.SchemaError>) =>
  cause.reasons.find(Cause.isFailReason)?.error.message ?? "no detail"

export class ClientLink {
  private readonly pending = new Map<RequestId, MethodCodec>()
  /** Nothing that is asked from now on would be answered. */
  ended = false
  private readonly channel: Channel
  private readonly deliver: (message: FromServer) => Effect.Effect<void>

  constructor(channel: Channel, deliver: (message: FromServer) => Effect.Effect<void>) {
    this.channel = channel
    this.deliver = deliver
  }

  request(id: RequestId, codec: MethodCodec, payload: unknown): Effect.Effect<void> {
    this.pending.set(id, codec)
    if (this.ended) return this.lost
    return this.send(Frames.requestLine(id, codec.method, codec.encodeParams(payload)))
  }

  /** Tells the daemon that nobody waits any more. */
  cancel(id: RequestId): Effect.Effect<void> {
    return this.pending.delete(id) ? this.send(Frames.cancelLine(id)) : Effect.void
  }

  finish(id: RequestId, exit: Rpc.Exit<ControlRpc>): Effect.Effect<void> {
    return this.pending.delete(id) ? this.deliver({ _tag: "Exit", clientId: 0, requestId: id, exit }) : Effect.void
  }

  /** Nobody waits any more, on either side. */
  giveUp(id: RequestId, exit: Rpc.Exit<ControlRpc>): Effect.Effect<void> {
    if (!this.pending.has(id)) return Effect.void
    return Effect.andThen(this.finish(id, exit), this.send(Frames.cancelLine(id)))
  }

  /** Reads until the connection ends, which fails whatever is still out. */
  get run(): Effect.Effect<void> {
    const arrived: Array<Json> = []
    const frames = strictFrames({
      frame: (value) => arrived.push(value),
      // A daemon writes nothing but frames; something else is no answer to anything that was asked.
      garbage: () => {}
    })
    const splitter = new LineSplitter({ line: (text) => frames.line(text), oversized: () => {} })
    return Effect.forever(Effect.flatMap(this.channel.read, (chunks) => {
      for (const chunk of chunks) splitter.push(chunk)
      return Effect.forEach(arrived.splice(0), (frame) => this.frame(frame), { discard: true })
    })).pipe(Effect.catch(() => this.lost))
  }

  get lost(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.ended = true
      return Effect.forEach(Array.from(this.pending.keys()), (id) => this.finish(id, Exit.fail(connectionLost)), {
        discard: true
      })
    })
  }

  private send(line: string): Effect.Effect<void> {
    // A connection that ended is noticed by its reader, which fails what is out on it.
    return Effect.catch(this.channel.write(`${line}\n`), () => this.lost)
  }

  private frame(frame: Json): Effect.Effect<void> {
    if (!isObject(frame)) return Effect.void
    const { error, id: answered, method, params, result } = frame
    const named = method === undefined ? answered : isObject(params) ? params["id"] : undefined
    if (typeof named !== "number") return Effect.void
    // Every id we send is a number that the rpc client minted.
    const id = named as RequestId
    const codec = this.pending.get(id)
    if (codec === undefined) return Effect.void
    if (method !== undefined) return this.notification(id, codec, method, params)
    if (isErrorObject(error)) return this.finish(id, Exit.fail(fromErrorObject(error)))
    return codec._tag === "Stream" ? this.element(id, watching) : this.result(id, codec, result)
  }

  private result(id: RequestId, codec: CallCodec, result: unknown): Effect.Effect<void> {
    const decoded = codec.decode(result)
    return this.finish(
      id,
      Exit.isSuccess(decoded) ? Exit.succeed(decoded.value) : unreadable(codec.method, detailOf(decoded.cause))
    )
  }

  private notification(id: RequestId, codec: MethodCodec, method: Json, params: Json | undefined): Effect.Effect<void> {
    if (codec._tag !== "Stream" || !isObject(params)) return Effect.void
    if (method === codec.notification) return this.streamed(id, codec, params["data"])
    if (method !== Frames.SUBSCRIPTION_CLOSED) return Effect.void
    const { category, reason } = params
    const message = typeof reason === "string" ? reason : "the daemon closed the stream"
    if (isCategory(category)) return this.finish(id, Exit.fail(new ControlError({ category, message })))
    if (message === BUFFER_FULL_LAGGED) {
      return this.finish(id, Exit.fail(new ControlError({ category: "unavailable", message })))
    }
    return this.finish(id, Exit.void)
  }

  private streamed(id: RequestId, codec: StreamCodec, data: unknown): Effect.Effect<void> {
    const decoded = codec.decode(data)
    return Exit.isSuccess(decoded)
      ? this.element(id, decoded.value)
      : this.finish(id, unreadable(codec.method, detailOf(decoded.cause)))
  }

  private element(id: RequestId, element: ControlElement): Effect.Effect<void> {
    // effect/rpc's type of a chunk is `never` for a group that has both streams and calls.
    return this.deliver({ _tag: "Chunk", clientId: 0, requestId: id, values: [element as never] })
  }
}
