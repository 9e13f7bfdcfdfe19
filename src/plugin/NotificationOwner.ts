/**
 * One owner's share of a plugin's notifications: all that it accepts, in order, kept until it takes them or its scope
 * closes, however long ago the process ended. While it lives the queue is bounded by count and bytes, and holds reading up;
 * what a dead process left in its pipe is finite, so it is taken in whole and no restart waits for a slow owner.
 */
import { Cause, Effect, Exit, Latch, Stream } from "effect"
import type { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import type { Notification } from "../../schemas/JsonRpc.ts"

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

type Next = Exit.Exit<readonly [Batch], ConnectionLost | Cause.Done>

const LEFT: Next = Exit.fail(Cause.Done())

export class NotificationOwner {
  private draining = false
  private readonly room = Latch.makeUnsafe(true)
  private bytes = 0
  private readonly waiting: Array<Waiting> = []
  private taker: ((next: Next) => void) | undefined
  /** What follows the last batch. */
  private last: Next | undefined
  private readonly accepts: Accepts

  constructor(accepts: Accepts) {
    this.accepts = accepts
  }

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
    this.finish(Exit.fail(error))
  }

  /** The owner is gone: whoever waits for it goes on. */
  leave(): void {
    this.waiting.length = 0
    this.finish(LEFT)
    this.drain()
  }

  /** A batch is taken at once by an owner that waits for one: no turn of the loop lies between them. */
  readonly batches: Stream.Stream<Batch, ConnectionLost> = Stream.fromPull(Effect.succeed(Effect.callback((resume) => {
    const next = this.take() ?? this.last
    if (next !== undefined) return resume(next)
    this.taker = resume
    return Effect.sync(() => {
      this.taker = undefined
    })
  })))

  private take(): Next | undefined {
    const first = this.waiting.shift()
    if (first === undefined) return undefined
    this.bytes -= first.bytes
    this.room.openUnsafe()
    return Exit.succeed([first.batch])
  }

  private put(waiting: Waiting): boolean {
    if (this.last !== undefined) return true
    if (this.taker !== undefined) {
      this.resume(Exit.succeed([waiting.batch]))
      return true
    }
    const held = this.waiting.length
    const full = held >= CAPACITY || (held > 0 && this.bytes + waiting.bytes > BYTES)
    if (full && !this.draining) return false
    this.bytes += waiting.bytes
    this.waiting.push(waiting)
    return true
  }

  private putLater(waiting: Waiting): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.put(waiting)) return Effect.void
      this.room.closeUnsafe()
      return Effect.andThen(this.room.await, this.putLater(waiting))
    })
  }

  private finish(last: Next): void {
    this.last ??= last
    this.resume(this.last)
  }

  private resume(next: Next): void {
    const { taker } = this
    this.taker = undefined
    taker?.(next)
  }
}
