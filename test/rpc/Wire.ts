/** The two pipes of a peer held by a test: what is pushed is read, what is written can be taken frame by frame. */
import { type Cause, Effect, Queue, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import type { Notification } from "../../schemas/JsonRpc.ts"
import type { Garbage } from "../../src/rpc/FrameAssembler.ts"
import { make } from "../../src/rpc/JsonRpcPeer.ts"

const encoder = new TextEncoder()

export const makeWire = Effect.gen(function*() {
  const incoming = yield* Queue.unbounded<Uint8Array, string | Cause.Done>()
  const outgoing = yield* Queue.unbounded<JsonObject>()
  const writes: Array<string> = []
  const push = (text: string) => Effect.asVoid(Queue.offer(incoming, encoder.encode(text)))
  return {
    pipes: {
      read: Stream.fromQueue(incoming),
      write: (text: string): Effect.Effect<void> =>
        Effect.sync(() => {
          writes.push(text)
          for (const line of text.trimEnd().split("\n")) Queue.offerUnsafe(outgoing, JSON.parse(line))
        })
    },
    push,
    send: (...frames: ReadonlyArray<object>) =>
      push(frames.map((frame) => JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n").join("")),
    take: Queue.take(outgoing),
    taken: Queue.size(outgoing),
    end: Queue.end(incoming),
    fail: (error: string) => Queue.fail(incoming, error),
    writes
  }
})

/** A peer over such pipes whose skipped input and notifications can be taken. */
export const connect = Effect.gen(function*() {
  const wire = yield* makeWire
  const skipped = yield* Queue.unbounded<Garbage>()
  const batches = yield* Queue.unbounded<ReadonlyArray<Notification>>()
  const peer = yield* make({
    ...wire.pipes,
    onGarbage: (found) => Queue.offerAll(skipped, found),
    onNotifications: (batch) => Effect.asVoid(Queue.offer(batches, batch))
  })
  return { ...wire, peer, skipped, batches }
})
