/** Streams that are sent as notifications until something new takes their place, or the plugin ends. */
import { Effect, Exit, FiberMap, Scope, Stream } from "effect"
import { PluginFailure } from "./PluginFailure.ts"

export type Follow<A> = Effect.Effect<Stream.Stream<A, PluginFailure>, PluginFailure, Scope.Scope>

export interface Following {
  /**
   * Subscribes, returns, and sends from then on: whoever asked hears the answer before the first element. The one that was
   * there under this name ends. `failed` says what became of a stream that broke.
   */
  readonly start: <A>(
    name: string,
    open: Follow<A>,
    send: (element: A) => Effect.Effect<void>,
    failed: (error: PluginFailure) => Effect.Effect<void>
  ) => Effect.Effect<void, PluginFailure>
  readonly stop: (name: string) => Effect.Effect<void>
}

export const makeFollowing: Effect.Effect<Following, never, Scope.Scope> = Effect.map(
  FiberMap.make<string>(),
  (fibers): Following => ({
    start: Effect.fnUntraced(function*(name, open, send, failed) {
      const scope = yield* Scope.make()
      const stream = yield* open.pipe(
        Scope.provide(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      yield* FiberMap.run(
        fibers,
        name,
        Stream.runForEach(stream, send).pipe(Effect.catch(failed), Effect.onExit((exit) => Scope.close(scope, exit))),
        { startImmediately: false }
      )
    }),
    stop: (name) => FiberMap.remove(fibers, name)
  })
)
