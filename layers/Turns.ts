/** Who waits for whom, by the name of what they use: one alone, or several that share it. Names that nobody uses are forgotten. */
import { Effect, Semaphore } from "effect"

const ALL = 1024

interface Turn {
  readonly permits: Semaphore.Semaphore
  users: number
}

export class Turns {
  private readonly turns = new Map<string, Turn>()

  /** What has begun is not interrupted. */
  alone<A, E>(name: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.take(name, ALL, effect)
  }

  shared<A, E>(name: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.take(name, 1, effect)
  }

  private take<A, E>(name: string, permits: number, effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const turn = this.turns.get(name) ?? { permits: Semaphore.makeUnsafe(ALL), users: 0 }
      this.turns.set(name, turn)
      turn.users++
      const left = Effect.sync(() => {
        turn.users--
        if (turn.users === 0) this.turns.delete(name)
      })
      return Effect.ensuring(turn.permits.withPermits(permits)(Effect.uninterruptible(effect)), left)
    })
  }
}
