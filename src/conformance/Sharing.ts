/**
 * Processes that one case left as it found them, kept for the next: a start costs far more than a question. What a case failed
 * on is never kept, and `used` tells one that others have had before.
 */
import { Effect, Exit, Option, Queue, Scope } from "effect"

interface Held<A> {
  readonly session: A
  readonly scope: Scope.Closeable
}

export type Shared<A> = A & { readonly used: boolean }

/** From so many on, a case waits a moment for one of them before it starts another. */
const FEW = 2
/** About what a start takes; most questions take a tenth of it. */
const MOMENT = "500 millis"
/** More than ever are under way. */
const CAPACITY = 64

/** All that is kept is closed with the scope this is made in; `open` is asked when nothing is idle. */
export const makeSharing = Effect.fnUntraced(function*<A extends object, E>(open: Effect.Effect<A, E, Scope.Scope>) {
  const all = yield* Effect.scope
  const idle = yield* Queue.bounded<Held<A>>(CAPACITY)
  let running = 0

  const start = Effect.gen(function*() {
    const scope = yield* Scope.fork(all)
    running++
    yield* Scope.addFinalizer(scope, Effect.sync(() => running--))
    const session = yield* Effect.onError(
      Scope.provide(open, scope),
      (cause) => Scope.close(scope, Exit.failCause(cause))
    )
    return { session, scope } satisfies Held<A>
  })
  const kept = Effect.suspend(() => running < FEW ? Queue.poll(idle) : Effect.timeoutOption(Queue.take(idle), MOMENT))

  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*(): Effect.fn.Return<Shared<A>, E, Scope.Scope> {
      const found = yield* restore(kept)
      const held = Option.isSome(found) ? found.value : yield* restore(start)
      yield* Effect.addFinalizer((exit) =>
        Exit.isSuccess(exit) ? Queue.offer(idle, held) : Scope.close(held.scope, exit)
      )
      return { ...held.session, used: Option.isSome(found) }
    })
  )
})
