/**
 * One process's notifications on their two ways out, which never mix. Owners get every frame they accept, in order: while
 * one of them is full, `publish` waits and so does reading. Observers are bounded: the slow lose the oldest, nobody waits.
 */
import { Effect, Latch, PubSub, Queue, type Scope, Stream } from "effect"
import type { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"

export interface PluginNotification {
  readonly method: string
  readonly params: unknown
}

type Batch = ReadonlyArray<PluginNotification>

interface Owner {
  readonly accepts: (notification: PluginNotification) => boolean
  readonly queue: Queue.Queue<Batch, ConnectionLost>
}

export interface PluginFanout {
  readonly publish: (batch: Batch) => Effect.Effect<void>
  /** Everything accepted from now on; after what was accepted before the end, fails with the error given to `end`. */
  readonly own: (accepts: Owner["accepts"]) => Effect.Effect<Stream.Stream<Batch, ConnectionLost>, never, Scope.Scope>
  readonly observe: Effect.Effect<Stream.Stream<Batch>, never, Scope.Scope>
  readonly end: (error: ConnectionLost) => Effect.Effect<void>
  /** Waits until nothing was published for a moment and no owner holds reading up. */
  readonly quiet: Effect.Effect<void>
}

/** In batches, one a read of stdout. */
const OWNER_CAPACITY = 64
const QUIET = "500 millis"
/** No read yields it: it tells observers that nothing follows. */
const LAST: Batch = []

export const makeFanout = Effect.fnUntraced(function*(capacity: number): Effect.fn.Return<PluginFanout> {
  const owners = new Set<Owner>()
  const observers = yield* PubSub.sliding<Batch>(capacity)
  let ended: ConnectionLost | undefined
  let published = 0
  const delivered = Latch.makeUnsafe(true)

  const register = Effect.fnUntraced(function*(accepts: Owner["accepts"]) {
    const owner: Owner = { accepts, queue: yield* Queue.bounded<Batch, ConnectionLost>(OWNER_CAPACITY) }
    if (ended !== undefined) yield* Queue.fail(owner.queue, ended)
    else owners.add(owner)
    return owner
  })
  /** A publisher that waits for this owner goes on. */
  const release = (owner: Owner) => Effect.andThen(Effect.sync(() => owners.delete(owner)), Queue.shutdown(owner.queue))

  return {
    publish: Effect.fnUntraced(function*(batch) {
      published++
      yield* PubSub.publish(observers, batch)
      yield* delivered.close
      for (const { accepts, queue } of owners) {
        const accepted = batch.filter(accepts)
        if (accepted.length > 0) yield* Queue.offer(queue, accepted)
      }
      yield* delivered.open
    }),
    own: (accepts) =>
      Effect.map(
        Effect.acquireRelease(register(accepts), release),
        ({ queue }) => Stream.fromEffectRepeat(Queue.take(queue))
      ),
    observe: Effect.map(
      PubSub.subscribe(observers),
      (subscription) => Stream.takeWhile(Stream.fromSubscription(subscription), (batch) => batch !== LAST)
    ),
    end: Effect.fnUntraced(function*(error) {
      ended = error
      yield* PubSub.end(observers, LAST)
      for (const { queue } of owners) yield* Queue.fail(queue, error)
    }),
    quiet: Effect.gen(function*() {
      let seen = -1
      while (seen !== published) {
        seen = published
        yield* delivered.await
        yield* Effect.sleep(QUIET)
      }
    })
  }
})
