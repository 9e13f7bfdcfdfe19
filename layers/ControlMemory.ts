/** ControlConnection to a ControlServer in the same program, without a socket: the same bytes, through two bounded queues. */
import { Effect, Layer, Queue } from "effect"
import type { Channel } from "../src/control/Channel.ts"
import { ControlConnection } from "../src/control/ControlConnection.ts"
import { ControlServer } from "../src/control/ControlServer.ts"
import { PeerClosed } from "../src/rpc/RpcError.ts"

/** Writes a side may be ahead of the other, as a socket's buffer would allow. */
const AHEAD = 1

const encoder = new TextEncoder()
const closed = new PeerClosed({ reason: "the other side has closed" })

type Pipe = Queue.Queue<Uint8Array, PeerClosed>

const end = (reads: Pipe, writes: Pipe): Channel => ({
  read: Queue.takeAll(reads),
  write: (text) =>
    Effect.flatMap(Queue.offer(writes, encoder.encode(text)), (taken) => taken ? Effect.void : Effect.fail(closed))
})

/** Two ends of one connection; releasing the scope closes both. */
export const channelPair = Effect.gen(function*() {
  const pipe = Effect.acquireRelease(Queue.bounded<Uint8Array, PeerClosed>(AHEAD), (queue) => Queue.fail(queue, closed))
  const up = yield* pipe
  const down = yield* pipe
  return { client: end(down, up), server: end(up, down) }
})

export const layer: Layer.Layer<ControlConnection, never, ControlServer> = Layer.effect(
  ControlConnection,
  Effect.map(ControlServer, (control) => ({
    open: Effect.gen(function*() {
      const { client, server } = yield* channelPair
      yield* Effect.forkScoped(control.serve(server))
      return client
    })
  }))
)
