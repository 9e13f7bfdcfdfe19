/** The requests that a plugin is working on, so that they can be ended together. */
import { Effect, Fiber } from "effect"

type Work = Fiber.Fiber<unknown, unknown>

export class Running {
  /** Whether each may settle by itself when the host can say nothing more. */
  private readonly fibers = new Map<Work, boolean>()
  stopping = false

  track<A, E>(work: Effect.Effect<A, E>, detached: boolean): Effect.Effect<A, E> {
    return Effect.withFiber((fiber) => {
      this.fibers.set(fiber, detached)
      fiber.addObserver(() => this.fibers.delete(fiber))
      return work
    })
  }

  /** Nothing new begins; what is detached is waited for, everything else is interrupted and answered -32002. */
  readonly settle = Effect.suspend(() => {
    for (const [fiber, detached] of this.end()) if (!detached) fiber.interruptUnsafe()
    return Fiber.awaitAll([...this.fibers.keys()])
  })

  /** What still runs is interrupted, and answered -32002, before this returns. */
  readonly stop = Effect.suspend(() => {
    const open = this.end().map(([fiber]) => fiber)
    for (const fiber of open) fiber.interruptUnsafe()
    return Fiber.awaitAll(open)
  })

  private end(): ReadonlyArray<readonly [Work, boolean]> {
    this.stopping = true
    return [...this.fibers]
  }
}
