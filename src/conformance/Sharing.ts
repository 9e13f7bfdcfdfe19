/**
 * Processes that one case left as it found them, kept for the next: a start costs far more than a question. What a case failed
 * on is never kept, and `used` tells one that others have had before.
 */
import { Effect, Exit, Scope } from "effect"

interface Held<A> {
  readonly session: A
  readonly scope: Scope.Closeable
}

export type Shared<A> = A & { readonly used: boolean }

/** All that is kept is closed with the scope this is made in; `open` is asked when nothing is idle. */
export const makeSharing = Effect.fnUntraced(function*<A extends object, E>(open: Effect.Effect<A, E, Scope.Scope>) {
  const all = yield* Effect.scope
  const idle: Array<Held<A>> = []

  const start = Effect.gen(function*() {
    const scope = yield* Scope.fork(all)
    const session = yield* Effect.onError(
      Scope.provide(open, scope),
      (cause) => Scope.close(scope, Exit.failCause(cause))
    )
    return { session, scope } satisfies Held<A>
  })

  return Effect.gen(function*(): Effect.fn.Return<Shared<A>, E, Scope.Scope> {
    const kept = idle.pop()
    const held = kept ?? (yield* start)
    yield* Effect.addFinalizer((exit) =>
      Exit.isSuccess(exit) ? Effect.sync(() => void idle.push(held)) : Scope.close(held.scope, exit)
    )
    return { ...held.session, used: kept !== undefined }
  })
})
