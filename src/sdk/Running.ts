/** The requests that a plugin is working on, so that they can be ended together. */
import { Effect, Fiber } from "effect"

export class Running {
  private readonly fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  stopping = false

  track<A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.withFiber((fiber) => {
      this.fibers.add(fiber)
      fiber.addObserver(() => this.fibers.delete(fiber))
      return work
    })
  }

  /** What still runs is interrupted, and answered -32002, before this returns. */
  readonly stop = Effect.suspend(() => {
    this.stopping = true
    const open = [...this.fibers]
    for (const fiber of open) fiber.interruptUnsafe()
    return Fiber.awaitAll(open)
  })
}
