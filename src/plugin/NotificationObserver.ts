/**
 * One observer's share of a plugin's notifications: all of them, as far as it keeps up. Bounded by count and by bytes: who is
 * slow loses the oldest, and nobody waits.
 */
import { Effect, Latch, Stream } from "effect"
import type { Batch } from "./NotificationOwner.ts"

/** Of what the plugin wrote, for one observer. */
const BYTES = 8 * 1024 * 1024
/** No read yields it: it tells that nothing follows. */
const LAST: Batch = []

export class NotificationObserver {
  private readonly waiting: Array<{ readonly batch: Batch; readonly bytes: number }> = []
  private bytes = 0
  private ended = false
  private readonly arrived = Latch.makeUnsafe(false)
  private readonly capacity: number

  /** In batches, one a read of stdout. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  give(batch: Batch, bytes: number): void {
    this.waiting.push({ batch, bytes })
    this.bytes += bytes
    while (this.waiting.length > this.capacity || (this.bytes > BYTES && this.waiting.length > 1)) this.take()
    this.arrived.openUnsafe()
  }

  /** Follows what was given so far. */
  end(): void {
    this.ended = true
    this.arrived.openUnsafe()
  }

  get batches(): Stream.Stream<Batch> {
    return Stream.takeWhile(Stream.fromEffectRepeat(Effect.suspend(() => this.next())), (batch) => batch !== LAST)
  }

  private take(): Batch | undefined {
    const oldest = this.waiting.shift()
    this.bytes -= oldest?.bytes ?? 0
    return oldest?.batch
  }

  private next(): Effect.Effect<Batch> {
    return Effect.suspend(() => {
      const batch = this.take()
      if (batch !== undefined) return Effect.succeed(batch)
      if (this.ended) return Effect.succeed(LAST)
      this.arrived.closeUnsafe()
      return Effect.andThen(this.arrived.await, this.next())
    })
  }
}
