/**
 * Values from whoever gives to the one fiber that takes. A fiber that waits is resumed at once, where a queue would wake it in
 * the next turn of the loop. It has no bound: who gives keeps one.
 */
import { Cause, Effect, Exit } from "effect"

type Next<A, E> = Exit.Exit<readonly [value: A], E | Cause.Done>

export class Handover<A extends object, E = never> {
  private readonly given: Array<A> = []
  private taker: ((next: Next<A, E>) => void) | undefined
  private last: Next<A, E> | undefined

  /** The next value; what it ended with when there will be none. */
  readonly next: Effect.Effect<readonly [value: A], E | Cause.Done> = Effect.callback((resume) => {
    const [first] = this.given
    const next = first === undefined ? this.last : Exit.succeed([first] as const)
    this.given.shift()
    if (next !== undefined) return resume(next)
    this.taker = resume
    return Effect.sync(() => {
      this.taker = undefined
    })
  })

  /** How many wait to be taken. */
  get size(): number {
    return this.given.length
  }

  /** Taken now or later; false when nothing more is taken. */
  give(value: A): boolean {
    if (this.last !== undefined) return false
    if (this.taker === undefined) this.given.push(value)
    else this.resume(Exit.succeed([value]))
    return true
  }

  /** Takes back what nobody has taken yet. */
  withdraw(value: A): void {
    const at = this.given.indexOf(value)
    if (at >= 0) this.given.splice(at, 1)
  }

  /** Nothing more is given, for this reason; what was is still taken. Only the first counts. */
  end(last: Exit.Exit<never, E | Cause.Done> = Exit.fail(Cause.Done())): void {
    this.last ??= last
    if (this.given.length === 0) this.resume(this.last)
  }

  /** Nothing is taken any more; what was given comes back. */
  abandon(): ReadonlyArray<A> {
    const left = this.given.splice(0)
    this.end()
    return left
  }

  private resume(next: Next<A, E>): void {
    const { taker } = this
    this.taker = undefined
    taker?.(next)
  }
}
