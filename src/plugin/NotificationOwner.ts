/**
 * One owner's share of a plugin's notifications: all that it accepts, in order, kept until it takes them or its scope
 * closes, however long ago the process ended. While it lives the queue is bounded by count and bytes, and holds reading up;
 * what a dead process left in its pipe is finite, so it is taken in whole and no restart waits for a slow owner.
 */
import { Effect, Exit, Latch, Stream } from "effect"
import type { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import type { Notification } from "../../schemas/JsonRpc.ts"
import { Handover } from "../rpc/Handover.ts"

export type PluginNotification = Pick<Notification, "method" | "params">
export type Batch = ReadonlyArray<PluginNotification>
export type Accepts = (notification: PluginNotification) => boolean

/** In batches, one a read of stdout. */
const CAPACITY = 64
/** Of what the plugin wrote, for one owner. One batch always fits, however large. */
const BYTES = 8 * 1024 * 1024

interface Waiting {
  readonly batch: Batch
  readonly bytes: number
}

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
  private bytes = 0
  /** The bound is kept here: it is lifted at the end. */
  private readonly handover = new Handover<Waiting, ConnectionLost>()
  private readonly accepts: Accepts

  constructor(accepts: Accepts) {
    this.accepts = accepts
  }

  readonly batches: Stream.Stream<Batch, ConnectionLost> = Stream.fromPull(
    Effect.succeed(Effect.map(this.handover.next, ([{ batch, bytes }]): readonly [Batch] => {
      this.bytes -= bytes
      this.room.openUnsafe()
      return [batch]
    }))
  )

  /** What it accepts of these, now, or by the effect that waits for room. Throws what `accepts` throws. */
  give(batch: Batch, bytes: number): Effect.Effect<void> | undefined {
    const accepted = taken(batch, this.accepts)
    if (accepted.length === 0) return undefined
    const waiting = { batch: accepted, bytes: Math.ceil(bytes * accepted.length / batch.length) }
    return this.put(waiting) ? undefined : this.putLater(waiting)
  }

  /** From now on everything fits. */
  drain(): void {
    this.draining = true
    this.room.openUnsafe()
  }

  /** Follows what was given so far; then nothing more is. */
  end(error: ConnectionLost): void {
    this.handover.end(Exit.fail(error))
  }

  /** The owner is gone: whoever waits for it goes on. */
  leave(): void {
    this.handover.abandon()
    this.drain()
  }

  private put(waiting: Waiting): boolean {
    const held = this.handover.size
    const full = held >= CAPACITY || (held > 0 && this.bytes + waiting.bytes > BYTES)
    if (full && !this.draining) return false
    this.bytes += waiting.bytes
    this.handover.give(waiting)
    return true
  }

  private putLater(waiting: Waiting): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.put(waiting)) return Effect.void
      this.room.closeUnsafe()
      return Effect.andThen(this.room.await, this.putLater(waiting))
    })
  }
}
