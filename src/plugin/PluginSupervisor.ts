/**
 * Keeps one plugin running: one start at first use and at most five restarts, after 1, 2, 4, 8 and 16 seconds, whatever kind
 * it is. A minute of health gives the budget back; when it is used up the plugin stays disabled, and its callers are told
 * why. Nothing is retried on behalf of a caller.
 */
import { Clock, DateTime, Deferred, Duration, Effect, Pull, Schedule, type Scope } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { RestartBudgetExhausted } from "../../schemas/errors/PluginErrors.ts"
import type { PluginConnection } from "./PluginConnection.ts"

export type PluginState = "idle" | "starting" | "running" | "backing-off" | "disabled" | "stopped"

export interface PluginStatus {
  readonly name: string
  readonly state: PluginState
  readonly pid: number | undefined
  /** Since the budget was last whole. */
  readonly restarts: number
  readonly lastError: string | undefined
  readonly startedAt: string | undefined
}

/** What a daemon wants to tell its subscribers, in the words of the wire. */
export type PluginEvent =
  | { readonly kind: "started"; readonly plugin: string; readonly pid: number }
  | {
    readonly kind: "restart"
    readonly plugin: string
    readonly attempt: number
    readonly delay_ms: number
    readonly error: string
  }
  | { readonly kind: "crashed"; readonly plugin: string; readonly restarts: number; readonly error: string }

export interface SuperviseOptions {
  readonly plugin: string
  readonly connect: Effect.Effect<PluginConnection, PluginError, Scope.Scope>
  readonly publish: (event: PluginEvent) => Effect.Effect<void>
  /** Closing it ends the plugin. */
  readonly scope: Scope.Scope
}

export interface PluginSupervisor {
  /** The running process; while there is none, the outcome of the next start. Starts the plugin at first use. */
  readonly connection: Effect.Effect<PluginConnection, PluginError>
  readonly status: Effect.Effect<PluginStatus>
}

const RESTARTS = 5
const HEALTHY_MILLIS = 60_000

const budget = Schedule.max([Schedule.exponential("1 second"), Schedule.recurs(RESTARTS)])

interface Ended {
  readonly error: PluginError
  readonly healthy: boolean
}

export const idleStatus = (name: string): PluginStatus => ({
  name,
  state: "idle",
  pid: undefined,
  restarts: 0,
  lastError: undefined,
  startedAt: undefined
})

export const supervise = ({ connect, plugin, publish, scope }: SuperviseOptions): PluginSupervisor => {
  let status = idleStatus(plugin)
  let next = Deferred.makeUnsafe<PluginConnection, PluginError>()

  const become = (change: Partial<PluginStatus>) =>
    Effect.sync(() => {
      status = { ...status, ...change }
    })

  /** One process from start to end. Who waited is answered by the start; who comes after the end waits for the next. */
  const session: Effect.Effect<Ended> = Effect.gen(function*() {
    yield* become({ state: "starting", pid: undefined, startedAt: undefined })
    const connection = yield* connect
    const since = yield* Clock.currentTimeMillis
    yield* become({ state: "running", pid: connection.pid, startedAt: DateTime.formatIso(DateTime.makeUnsafe(since)) })
    yield* Deferred.succeed(next, connection)
    yield* publish({ kind: "started", plugin, pid: connection.pid })
    const error = yield* connection.lost
    next = Deferred.makeUnsafe()
    return { error, healthy: (yield* Clock.currentTimeMillis) - since >= HEALTHY_MILLIS }
  }).pipe(
    Effect.catch((error) => Effect.succeed({ error, healthy: false })),
    Effect.scoped
  )

  const disable = Effect.fnUntraced(function*(lastError: string) {
    yield* become({ state: "disabled", pid: undefined, startedAt: undefined, lastError })
    yield* Deferred.fail(next, new RestartBudgetExhausted({ plugin, restarts: status.restarts, lastError }))
    yield* publish({ kind: "crashed", plugin, restarts: status.restarts, error: lastError })
    yield* Effect.logError(`plugin ${plugin} is disabled after ${status.restarts} restarts; last error: ${lastError}`)
  })

  const backOff = Effect.fnUntraced(function*(error: PluginError, delay: Duration.Duration) {
    const attempt = status.restarts + 1
    const waiting = next
    next = Deferred.makeUnsafe()
    yield* become({
      state: "backing-off",
      pid: undefined,
      startedAt: undefined,
      restarts: attempt,
      lastError: error.message
    })
    yield* Deferred.fail(waiting, error)
    yield* publish({ kind: "restart", plugin, attempt, delay_ms: Duration.toMillis(delay), error: error.message })
    yield* Effect.sleep(delay)
  })

  const run = Effect.gen(function*() {
    let step = yield* Schedule.toStep(budget)
    while (true) {
      const { error, healthy } = yield* session
      if (healthy) {
        step = yield* Schedule.toStep(budget)
        yield* become({ restarts: 0 })
      }
      const delay = yield* step(yield* Clock.currentTimeMillis, error).pipe(
        Effect.map(([, delay]) => delay),
        Pull.catchDone(() => Effect.succeed(undefined))
      )
      if (delay === undefined) return yield* disable(error.message)
      yield* backOff(error, delay)
    }
  })

  const stop = Effect.suspend(() => {
    const error = new RestartBudgetExhausted({ plugin, restarts: status.restarts, lastError: "the daemon is stopping" })
    return Effect.andThen(become({ state: "stopped", pid: undefined }), Deferred.fail(next, error))
  })

  const start = Effect.suspend(() =>
    status.state !== "idle" ? Effect.void : Effect.andThen(
      become({ state: "starting" }),
      Effect.forkIn(Effect.onInterrupt(run, () => stop), scope)
    )
  )

  return {
    connection: Effect.andThen(start, Effect.suspend(() => Deferred.await(next))),
    status: Effect.sync(() => status)
  }
}
