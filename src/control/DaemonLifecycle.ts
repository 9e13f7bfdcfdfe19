/** What the running daemon knows of itself, and the one way it is asked to end. The first request to stop is the one that counts. */
import { Clock, Context, Deferred, Effect, Layer } from "effect"

export type DaemonState = "starting" | "running" | "stopping"

export interface StopRequest {
  readonly reason: string
  /** How long running phases may take to come to an end; the daemon's default when absent. */
  readonly timeoutSeconds?: number | undefined
}

export interface DaemonIdentity {
  readonly pid: number
  readonly version: string
  readonly logPath: string
}

export class DaemonLifecycle extends Context.Service<DaemonLifecycle, {
  readonly identity: DaemonIdentity
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly state: Effect.Effect<DaemonState>
  /** Everything is up; `starting` ends. */
  readonly ready: Effect.Effect<void>
  readonly requestStop: (request: StopRequest) => Effect.Effect<void>
  readonly awaitStop: Effect.Effect<StopRequest>
}>()("animus/control/DaemonLifecycle") {
  static readonly layer = (identity: DaemonIdentity): Layer.Layer<DaemonLifecycle> =>
    Layer.effect(
      DaemonLifecycle,
      Effect.gen(function*() {
        const startedAt = yield* Clock.currentTimeMillis
        const stop = yield* Deferred.make<StopRequest>()
        let state: DaemonState = "starting"
        const become = (next: DaemonState) =>
          Effect.sync(() => {
            if (state !== "stopping") state = next
          })
        return {
          identity,
          startedAt,
          state: Effect.sync(() => state),
          ready: become("running"),
          requestStop: (request) => Effect.andThen(become("stopping"), Deferred.succeed(stop, request)),
          awaitStop: Deferred.await(stop)
        }
      })
    )
}
