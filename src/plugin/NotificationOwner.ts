/**
 * One owner's share of a plugin's notifications: all that it accepts, in order, kept until it takes them or its scope
 * closes, however long ago the process ended. While the process lives the queue is bounded and a full one holds reading up;
 * what a dead process left in its pipe is finite, so it is taken in whole and no restart waits for a slow owner.
 */
import { Effect, Latch, Queue, Stream } from "effect"
import type { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import type { Notification } from "../../schemas/JsonRpc.ts"

export type PluginNotification = Pick<Notification, "method" | "params">
export type Batch = ReadonlyArray<PluginNotification>
export type Accepts = (notification: PluginNotification) => boolean

/** In batches, one a read of stdout. */
const CAPACITY = 64

/** The batch itself when all of it is accepted, and no second array while nothing is. */
const taken = (batch: Batch, accepts: Accepts): Batch => {
  const refused = batch.findIndex((notification) => !accepts(notification))
  if (refused === -1) return batch
  const accepted = batch.slice(0, refused)
  for (let at = refused + 1; at < batch.length; at++) {
    const notification = batch[at]
    if (notification !== undefined && accepts(notification)) accepted.push(notification)
  }
  return accepted
}

export class NotificationOwner {
  private draining = false
  private readonly room = Latch.makeUnsafe(true)
  private readonly queue: Queue.Queue<Batch, ConnectionLost>
  private readonly accepts: Accepts

  private constructor(accepts: Accepts, queue: Queue.Queue<Batch, ConnectionLost>) {
    this.accepts = accepts
    this.queue = queue
  }

  /** The bound is kept here, not by the queue: it is lifted at the end. */
  static readonly make = (accepts: Accepts): Effect.Effect<NotificationOwner> =>
    Effect.map(Queue.unbounded<Batch, ConnectionLost>(), (queue) => new NotificationOwner(accepts, queue))

  /** What it accepts of these, now, or by the effect that waits for room. Throws what `accepts` throws. */
  give(batch: Batch): Effect.Effect<void> | undefined {
    const accepted = taken(batch, this.accepts)
    return accepted.length === 0 || this.put(accepted) ? undefined : this.putLater(accepted)
  }

  /** From now on everything fits. */
  drain(): void {
    this.draining = true
    this.room.openUnsafe()
  }

  /** Follows what was given so far; then nothing more is. */
  end(error: ConnectionLost): Effect.Effect<void> {
    return Effect.asVoid(Queue.fail(this.queue, error))
  }

  /** The owner is gone: whoever waits for it goes on. */
  get leave(): Effect.Effect<void> {
    return Effect.andThen(Queue.shutdown(this.queue), Effect.sync(() => this.drain()))
  }

  get batches(): Stream.Stream<Batch, ConnectionLost> {
    return Stream.fromEffectRepeat(Effect.tap(Queue.take(this.queue), () => {
      this.room.openUnsafe()
      return Effect.void
    }))
  }

  private put(accepted: Batch): boolean {
    if (!this.draining && Queue.sizeUnsafe(this.queue) >= CAPACITY) return false
    Queue.offerUnsafe(this.queue, accepted)
    return true
  }

  private putLater(accepted: Batch): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.put(accepted)) return Effect.void
      this.room.closeUnsafe()
      return Effect.andThen(this.room.await, this.putLater(accepted))
    })
  }
}
