/**
 * Frames on their way out: bounded by count and by size, in order, never dropped. A frame that does not fit waits. What
 * gathers during one tick, or while the last write is under way, leaves in a single write.
 */
import { Effect, Exit, Latch } from "effect"
import type { PeerClosed } from "./RpcError.ts"

export interface OutboxLimits {
  readonly frames: number
  /** In UTF-16 units; one frame alone may be larger. */
  readonly chars: number
}

interface Waiting {
  readonly frame: string
  readonly settle: (exit: Exit.Exit<void, PeerClosed>) => void
}

export class Outbox {
  private frames: Array<string> = []
  /** Accepted and not yet written, the write under way included. */
  private count = 0
  private chars = 0
  private readonly waiting = new Set<Waiting>()
  private readonly filled = Latch.makeUnsafe(false)
  private readonly empty = Latch.makeUnsafe(true)
  private readonly limits: OutboxLimits
  closed: PeerClosed | undefined

  constructor(limits: OutboxLimits) {
    this.limits = limits
  }

  /** Succeeds when the frame is accepted. */
  offer(frame: string): Effect.Effect<void, PeerClosed> {
    return Effect.callback((resume) => {
      const withdraw = this.enqueue(frame, resume)
      return withdraw === undefined ? undefined : Effect.sync(withdraw)
    })
  }

  /** Accepts the frame if it fits now. */
  offerNow(frame: string): boolean {
    if (this.closed !== undefined || this.waiting.size > 0 || !this.fits(frame)) return false
    this.accept(frame)
    return true
  }

  /**
   * Calls `settle` once, at once when the frame fits or nothing is accepted any more. A frame that waits can be withdrawn
   * until then; `withdraw` tells whether it was in time.
   */
  enqueue(frame: string, settle: Waiting["settle"]): (() => boolean) | undefined {
    const accepted = this.offerNow(frame)
    if (accepted || this.closed !== undefined) {
      settle(this.closed === undefined ? Exit.void : Exit.fail(this.closed))
      return undefined
    }
    const entry = { frame, settle }
    this.waiting.add(entry)
    return () => this.waiting.delete(entry)
  }

  /** The one writer. Ends only by failing. */
  run<E>(write: (text: string) => Effect.Effect<void, E>): Effect.Effect<never, E> {
    return this.filled.await.pipe(
      // The latch opens inside the caller's tick: what else this tick sends goes along.
      Effect.andThen(Effect.yieldNow),
      Effect.flatMap(() => {
        const batch = this.frames
        this.frames = []
        this.filled.closeUnsafe()
        const text = batch.join("")
        return Effect.map(write(text), () => this.release(batch.length, text.length))
      }),
      Effect.forever({ disableYield: true })
    )
  }

  /** Waits until everything accepted is written, or never will be. */
  get written(): Effect.Effect<void> {
    return this.empty.await
  }

  /** Accepts nothing more; what was accepted is still written if the writer can. */
  close(error: PeerClosed): void {
    this.closed ??= error
    for (const entry of this.waiting) {
      this.waiting.delete(entry)
      entry.settle(Exit.fail(this.closed))
    }
  }

  /** Nothing that was accepted will be written any more. */
  abandon(error: PeerClosed): void {
    this.close(error)
    this.empty.openUnsafe()
  }

  private fits(frame: string): boolean {
    return this.count === 0 ||
      (this.count < this.limits.frames && this.chars + frame.length <= this.limits.chars)
  }

  private accept(frame: string): void {
    this.frames.push(frame)
    this.count++
    this.chars += frame.length
    this.empty.closeUnsafe()
    this.filled.openUnsafe()
  }

  private release(frames: number, chars: number): void {
    this.count -= frames
    this.chars -= chars
    for (const entry of this.waiting) {
      if (!this.fits(entry.frame)) break
      this.waiting.delete(entry)
      this.accept(entry.frame)
      entry.settle(Exit.void)
    }
    if (this.count === 0) this.empty.openUnsafe()
  }
}
