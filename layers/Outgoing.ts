/** Texts on their way to the one fiber that feeds a pipe: each giver goes on when its text is taken, which is when the one before is in the pipe. */
import { type Cause, Effect, Exit } from "effect"
import { Handover } from "../src/rpc/Handover.ts"

interface Gift {
  readonly text: string
  readonly settle: (taken: Exit.Exit<boolean>) => void
}

const TAKEN = Exit.succeed(true)
const LEFT = Exit.succeed(false)

export class Outgoing {
  private readonly gifts = new Handover<Gift>()

  /** The next text; done when there will be none. */
  readonly next: Effect.Effect<readonly [text: string], Cause.Done> = Effect.map(this.gifts.next, ([gift]) => {
    gift.settle(TAKEN)
    return [gift.text]
  })

  /** Whether it was taken: false when nothing more is. */
  give(text: string): Effect.Effect<boolean> {
    return Effect.callback((settle) => {
      const gift = { text, settle }
      if (!this.gifts.give(gift)) return settle(LEFT)
      return Effect.sync(() => this.gifts.withdraw(gift))
    })
  }

  /** Nothing is given any more; what was is still taken. */
  end(): void {
    this.gifts.end()
  }

  /** Nothing is taken any more. */
  abandon(): void {
    for (const { settle } of this.gifts.abandon()) settle(LEFT)
  }
}
