/**
 * What waits for a receiver outside our process. Offering never waits: beyond the bounds, in pieces and in bytes, the oldest
 * go, and are counted. One fiber delivers; who has to end soon can wait until nothing is left.
 */
import { Effect, Latch } from "effect"
import { weigh } from "./Weight.ts"

export interface BacklogLimits {
  readonly count: number
  readonly bytes: number
}

interface Waiting<A> {
  readonly item: A
  readonly bytes: number
}

export class Backlog<A> {
  private waiting: Array<Waiting<A>> = []
  private bytes = 0
  private lost = 0
  private readonly limits: BacklogLimits
  private readonly arrived = Latch.makeUnsafe(false)
  private readonly empty = Latch.makeUnsafe(true)

  constructor(limits: BacklogLimits) {
    this.limits = limits
  }

  offer(items: ReadonlyArray<A>): void {
    for (const item of items) {
      const bytes = weigh(item)
      this.waiting.push({ item, bytes })
      this.bytes += bytes
    }
    let gone = 0
    while (this.exceeds(gone)) this.bytes -= this.waiting[gone++]?.bytes ?? 0
    if (gone > 0) this.waiting = this.waiting.slice(gone)
    this.lost += gone
    if (this.waiting.length === 0) return
    this.empty.closeUnsafe()
    this.arrived.openUnsafe()
  }

  /** These were taken, and could not be delivered. */
  lose(count: number): void {
    this.lost += count
  }

  /** Since this was last asked. */
  takeLost(): number {
    const { lost } = this
    this.lost = 0
    return lost
  }

  /** Hands over at most so much at once, at least one piece, oldest first; the next once the last was dealt with. */
  deliver<E, R>(
    most: BacklogLimits,
    send: (items: ReadonlyArray<A>) => Effect.Effect<void, E, R>
  ): Effect.Effect<never, E, R> {
    const next = Effect.suspend((): Effect.Effect<void, E, R> => {
      const items = this.take(most)
      if (items.length > 0) return send(items)
      this.arrived.closeUnsafe()
      this.empty.openUnsafe()
      return Effect.void
    })
    return Effect.forever(Effect.andThen(this.arrived.await, next))
  }

  /** Returns once all that was offered has been dealt with. */
  get drained(): Effect.Effect<void> {
    return Effect.asVoid(this.empty.await)
  }

  private exceeds(gone: number): boolean {
    const left = this.waiting.length - gone
    return left > this.limits.count || (this.bytes > this.limits.bytes && left > 1)
  }

  private take(most: BacklogLimits): ReadonlyArray<A> {
    let bytes = 0
    let end = 0
    for (const waiting of this.waiting) {
      if (end > 0 && (end === most.count || bytes + waiting.bytes > most.bytes)) break
      bytes += waiting.bytes
      end++
    }
    this.bytes -= bytes
    return this.waiting.splice(0, end).map(({ item }) => item)
  }
}
