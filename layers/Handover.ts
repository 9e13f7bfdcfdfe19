/**
 * Texts from whoever writes to the one fiber that feeds a pipe: each is taken when the one before it is in the pipe. Taken at
 * once by a fiber that waits, where a queue would wake it in the next turn of the loop.
 */
import { Cause, Effect, Exit } from "effect"

type Next = Exit.Exit<readonly [text: string], Cause.Done>

interface Gift {
  readonly text: string
  readonly settle: (taken: Exit.Exit<boolean>) => void
}

const DONE: Next = Exit.fail(Cause.Done())
const TAKEN = Exit.succeed(true)
const LEFT = Exit.succeed(false)

export class Handover {
  private readonly gifts: Array<Gift> = []
  private taker: ((next: Next) => void) | undefined
  private over = false

  /** The next text; done when there will be none. */
  readonly next: Effect.Effect<readonly [text: string], Cause.Done> = Effect.callback((resume) => {
    const gift = this.gifts.shift()
    if (gift === undefined && !this.over) {
      this.taker = resume
      return Effect.sync(() => {
        this.taker = undefined
      })
    }
    resume(gift === undefined ? DONE : Exit.succeed([gift.text]))
    return gift?.settle(TAKEN)
  })

  /** Whether it was taken: false when nothing more is. */
  give(text: string): Effect.Effect<boolean> {
    return Effect.callback((settle) => {
      const taker = this.taker
      if (taker !== undefined || this.over) {
        this.taker = undefined
        taker?.(Exit.succeed([text]))
        return settle(this.over ? LEFT : TAKEN)
      }
      const gift = { text, settle }
      this.gifts.push(gift)
      return Effect.sync(() => {
        const at = this.gifts.indexOf(gift)
        if (at >= 0) this.gifts.splice(at, 1)
      })
    })
  }

  /** Nothing is given any more; what was is still taken. */
  end(): void {
    this.over = true
    const taker = this.taker
    this.taker = undefined
    taker?.(DONE)
  }

  /** Nothing is taken any more. */
  abandon(): void {
    this.end()
    for (const { settle } of this.gifts.splice(0)) settle(LEFT)
  }
}
