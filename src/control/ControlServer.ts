/**
 * Serves the control surface on any connection. Requests of a connection run concurrently; a client that does not read
 * its answers holds up nobody but itself, and memory spent on it is bounded; all it began ends with its connection.
 */
import { Context, Effect, Fiber, Layer } from "effect"
import { type Rpc, RpcServer } from "effect/rpc"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import type { Json } from "../../schemas/Json.ts"
import { type Garbage, garbage, strictFrames } from "../rpc/FrameAssembler.ts"
import { LineSplitter } from "../rpc/LineSplitter.ts"
import { Outbox } from "../rpc/Outbox.ts"
import { PeerClosed } from "../rpc/RpcError.ts"
import type { Channel } from "./Channel.ts"
import type { ControlRpc } from "./ControlCodec.ts"
import { ServerSession } from "./ServerSession.ts"

const OUTGOING = { frames: 256, chars: 1024 * 1024 }

/** A client may close its sending side and still read: how often it is looked whether it is there. */
const LOOK_AGAIN = "1 second"

/** An answer is offered, then gathered, then written: a turn of the scheduler each. */
const LAST_TURNS = 4

const receive = (channel: Channel, session: ServerSession) => {
  let arrived: Array<Effect.Effect<void>> = []
  const frames = strictFrames({
    frame: (value: Json) => arrived.push(Effect.suspend(() => session.frame(value))),
    garbage: (found: Garbage) => arrived.push(session.garbage(found))
  })
  const splitter = new LineSplitter({
    line: (text) => frames.line(text),
    oversized: (head) => arrived.push(session.garbage(garbage("too-large", head)))
  })
  const take = Effect.suspend(() => {
    const batch = arrived
    arrived = []
    return Effect.forEach(batch, (effect) => effect, { discard: true })
  })
  return Effect.forever(Effect.flatMap(channel.read, (chunks) => {
    for (const chunk of chunks) splitter.push(chunk)
    return take
  })).pipe(Effect.catch((error) => {
    // A last line may be ended by the end of what is sent.
    splitter.end()
    return Effect.andThen(take, Effect.fail(error))
  }))
}

/** Fails once the client is gone: nothing can be written to it, not even nothing. */
const gone = (channel: Channel) => Effect.forever(Effect.andThen(Effect.sleep(LOOK_AGAIN), channel.write("")))

const make = Effect.gen(function*() {
  const sessions = new Map<number, ServerSession>()
  let clients = 0
  const server = yield* RpcServer.makeNoSerialization(ControlApi, {
    disableTracing: true,
    disableSpanPropagation: true,
    disableClientAcks: true,
    disableFatalDefects: true,
    onFromServer: (message) => sessions.get(message.clientId)?.fromServer(message) ?? Effect.void
  })

  const serve = Effect.fn("ControlServer.serve")(
    function*(channel: Channel) {
      const client = ++clients
      const outbox = new Outbox(OUTGOING)
      const session = new ServerSession({
        // Refused only when the connection is over, which ends the session anyway.
        send: (line) => Effect.ignore(outbox.offer(`${line}\n`)),
        toServer: (message) => server.write(client, message)
      })
      sessions.set(client, session)
      const writing = yield* Effect.forkScoped(outbox.run(channel.write))
      yield* Effect.addFinalizer(() =>
        // What was answered just before, such as the request to stop, gets its turn to be written.
        Effect.andThen(Effect.replicateEffect(Effect.yieldNow, LAST_TURNS, { discard: true }), () => {
          sessions.delete(client)
          outbox.abandon(new PeerClosed({ reason: "the client has disconnected" }))
          return server.disconnect(client)
        })
      )
      const reading = Effect.catch(receive(channel, session), () =>
        session.endStreams.pipe(
          Effect.andThen(session.settled),
          Effect.andThen(outbox.written),
          Effect.raceFirst(gone(channel))
        ))
      yield* Effect.raceFirst(Fiber.join(writing), reading)
    },
    Effect.scoped,
    // The client went away in the middle of a line; there is nobody to tell.
    Effect.catch(() => Effect.void)
  )
  return { serve }
})

export class ControlServer extends Context.Service<ControlServer, {
  /** Returns when the connection is over; interrupting ends it. */
  readonly serve: (channel: Channel) => Effect.Effect<void>
}>()("animus/control/ControlServer") {
  static readonly layer: Layer.Layer<ControlServer, never, Rpc.ToHandler<ControlRpc>> = Layer.effect(
    ControlServer,
    make
  )
}
