/**
 * One topic: a sliding `PubSub` of batches. A batch carries the number of its first item, so whoever missed some sees the gap
 * and learns its size. Publishing is synchronous, one wake-up a subscriber for each batch, and never waits.
 */
import { Array, Effect, PubSub, type Scope, Stream } from "effect"
import { weigh } from "./Weight.ts"

export type Delivery<A> =
  | { readonly _tag: "Items"; readonly items: ReadonlyArray<A> }
  | { readonly _tag: "Lagged"; readonly lost: number }

export interface Feed<A> {
  readonly publish: (items: ReadonlyArray<A>) => Effect.Effect<void>
  readonly subscribe: (capacity: number) => Effect.Effect<Stream.Stream<Delivery<A>>, never, Scope.Scope>
}

interface Batch<A> {
  readonly first: number
  readonly bytes: number
  /** Undefined once the topic had to let go of it. */
  items: ReadonlyArray<A> | undefined
}

class Backlog<A> {
  readonly pubsub: PubSub.PubSub<Batch<A>>
  readonly maxBytes: number
  listeners = 0
  /** The number of the next item. */
  next = 0
  /** What the slowest subscriber has still to take, oldest first. */
  readonly #kept: Array<Batch<A>> = []
  #bytes = 0

  constructor(pubsub: PubSub.PubSub<Batch<A>>, maxBytes: number) {
    this.pubsub = pubsub
    this.maxBytes = maxBytes
  }

  publish(items: ReadonlyArray<A>): void {
    const first = this.next
    this.next += items.length
    if (this.listeners === 0 || items.length === 0) return
    const batch: Batch<A> = { first, bytes: weigh(items), items }
    // `publishUnsafe` refuses where `publish` slides; sliding by hand keeps numbering and publishing one step.
    if (this.pubsub.pubsub.isFull()) this.pubsub.pubsub.slide()
    PubSub.publishUnsafe(this.pubsub, batch)
    this.#keep(batch)
  }

  #keep(batch: Batch<A>): void {
    this.#kept.push(batch)
    this.#bytes += batch.bytes
    const taken = this.#kept.length - PubSub.sizeUnsafe(this.pubsub)
    for (const old of this.#kept.splice(0, taken)) this.#bytes -= old.bytes
    while (this.#bytes > this.maxBytes && this.#kept.length > 1) {
      const old = this.#kept.shift()
      if (old === undefined) return
      this.#bytes -= old.bytes
      old.items = undefined
    }
  }
}

/** What a subscriber at item `expected` gets for these batches. */
const deliver = <A>(batches: ReadonlyArray<Batch<A>>, expected: number) => {
  const deliveries: Array<Delivery<A>> = []
  let at = expected
  for (const { first, items } of batches) {
    if (items === undefined) continue
    if (first > at) deliveries.push({ _tag: "Lagged", lost: first - at })
    deliveries.push({ _tag: "Items", items })
    at = first + items.length
  }
  return { deliveries, at }
}

export const makeFeed = Effect.fnUntraced(function*<A>(limits: { readonly capacity: number; readonly bytes: number }) {
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<Batch<A>>(limits.capacity), PubSub.shutdown)
  const backlog = new Backlog(pubsub, limits.bytes)

  const subscribe = Effect.fnUntraced(function*(capacity: number) {
    yield* Effect.acquireRelease(
      Effect.sync(() => backlog.listeners++),
      () => Effect.sync(() => backlog.listeners--)
    )
    const subscription = yield* PubSub.subscribe(pubsub)
    let expected = backlog.next
    const take: Effect.Effect<Array.NonEmptyReadonlyArray<Delivery<A>>> = Effect.flatMap(
      PubSub.takeAll(subscription),
      (batches) => {
        const { at, deliveries } = deliver(batches.slice(-capacity), expected)
        expected = at
        // The newest batch always has its items, unless it was let go between two wake-ups: then the next one tells the loss.
        return Array.isReadonlyArrayNonEmpty(deliveries) ? Effect.succeed(deliveries) : take
      }
    )
    return Stream.fromPull(Effect.succeed(take))
  })

  const feed: Feed<A> = {
    publish: (items) => Effect.sync(() => backlog.publish(items)),
    subscribe
  }
  return feed
})
