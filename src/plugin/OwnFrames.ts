/** The notifications that belong to one request: handed over in order, all of them, and before the answer they preceded. */
import { Deferred, Effect, Fiber, type Scope, Stream } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { PluginHost, type PluginNotification } from "./PluginHost.ts"

export interface OwnFrames {
  /** Waits for those that were accepted before it was asked. */
  readonly drained: Effect.Effect<void>
  /** For an owner that fails over them; it gets no more, and holds nobody up. */
  readonly broken: Effect.Effect<never>
}

/** Called before the request is sent; until the scope closes. */
export const ownFrames = Effect.fnUntraced(function*<R>(
  plugin: string,
  accepts: (frame: PluginNotification) => boolean,
  hand: (batch: ReadonlyArray<PluginNotification>) => Effect.Effect<void, never, R>
): Effect.fn.Return<OwnFrames, PluginError, PluginHost | Scope.Scope | R> {
  const host = yield* PluginHost
  let accepted = 0
  let handled = 0
  let awaited: { readonly count: number; readonly reached: Deferred.Deferred<void> } | undefined
  const owned = yield* host.own(plugin, (frame) => {
    const ours = accepts(frame)
    if (ours) accepted++
    return ours
  })
  const handle = Effect.fnUntraced(function*(batch: ReadonlyArray<PluginNotification>) {
    yield* hand(batch)
    handled += batch.length
    if (awaited !== undefined && handled >= awaited.count) yield* Deferred.succeed(awaited.reached, undefined)
  })
  const broken = Deferred.makeUnsafe<never>()
  const consumer = yield* Stream.runForEach(owned, handle).pipe(
    Effect.tapDefect((defect) => Effect.andThen(Deferred.die(broken, defect), Effect.ignore(Stream.runDrain(owned)))),
    Effect.forkScoped
  )
  const drained = Effect.suspend(() => {
    if (handled >= accepted) return Effect.void
    const reached = Deferred.makeUnsafe<void>()
    awaited = { count: accepted, reached }
    // A connection that was lost has delivered what it had: the call tells how it ended.
    return Effect.raceFirst(Deferred.await(reached), Effect.asVoid(Fiber.await(consumer)))
  })
  return { drained, broken: Deferred.await(broken) }
})
