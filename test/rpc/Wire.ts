/** The two pipes of a peer held by a test: what is pushed is read, what is written can be taken frame by frame. */
import { type Cause, Effect, Queue, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"

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
