/** One connection as both ends of the control protocol see it: bytes in, text out, and one word when it is over. */
import { Effect } from "effect"
import { Socket } from "effect/socket"
import { PeerClosed } from "../rpc/RpcError.ts"

export interface Channel {
  readonly read: Effect.Effect<ReadonlyArray<Uint8Array>, PeerClosed>
  /** Waits while the other side does not read. */
  readonly write: (text: string) => Effect.Effect<void, PeerClosed>
}

const closed = (error: Socket.SocketError) => new PeerClosed({ reason: error.message })

/** Opens the socket; the connection lives as long as the scope. */
export const fromSocket = Effect.fnUntraced(function*(socket: Socket.Socket) {
  const pull = yield* Socket.readerBytes(socket)
  const writer = yield* socket.writer
  return {
    read: Effect.mapError(pull, closed),
    write: (text) => Effect.mapError(writer.write(text), closed)
  } satisfies Channel
})
