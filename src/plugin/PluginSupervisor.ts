/**
 * Keeps one plugin running: one start at first use and at most five restarts, after 1, 2, 4, 8 and 16 seconds, whatever kind
 * it is. A minute of health gives the budget back; when it is used up the plugin stays disabled, and its callers are told
 * why. Nothing is retried on behalf of a caller.
 */
import { Clock, DateTime, Deferred, Duration, Effect, Pull, Schedule, type Scope } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { ConnectionLost, RestartBudgetExhausted } from "../../schemas/errors/PluginErrors.ts"
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
  /** It came as far as the handshake. */
  readonly started: boolean
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

class Supervision {
  status: PluginStatus
  /** Who asks for the plugin waits for this: the process that runs, or the outcome of the next start. */
  private next = Deferred.makeUnsafe<PluginConnection, PluginError>()
  private readonly options: SuperviseOptions

  constructor(options: SuperviseOptions) {
    this.options = options
    this.status = idleStatus(options.plugin)
  }

  get connection(): Effect.Effect<PluginConnection, PluginError> {
    return Effect.andThen(this.start, Effect.suspend(() => Deferred.await(this.next)))
  }

  private get start(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.status.state !== "idle") return Effect.void
      const running = Effect.onInterrupt(this.run, () => this.stop)
      return Effect.asVoid(
        Effect.andThen(this.become({ state: "starting" }), Effect.forkIn(running, this.options.scope))
      )
    })
  }

  private become(change: Partial<PluginStatus>) {
    return Effect.sync(() => {
      this.status = { ...this.status, ...change }
    })
  }

  /** One process from start to end. Who waited is answered by the start; who comes after the end waits for the next. */
  private get session(): Effect.Effect<Ended> {
    const { connect, plugin, publish } = this.options
    return Effect.gen({ self: this }, function*() {
      yield* this.become({ state: "starting", pid: undefined, startedAt: undefined })
      const connection = yield* connect
      const since = yield* Clock.currentTimeMillis
      const startedAt = DateTime.formatIso(DateTime.makeUnsafe(since))
      yield* this.become({ state: "running", pid: connection.pid, startedAt })
      yield* Deferred.succeed(this.next, connection)
      yield* publish({ kind: "started", plugin, pid: connection.pid })
      const error = yield* connection.lost
      this.next = Deferred.makeUnsafe()
      yield* this.become({ state: "backing-off", pid: undefined, startedAt: undefined, lastError: error.message })
      return { error, started: true, healthy: (yield* Clock.currentTimeMillis) - since >= HEALTHY_MILLIS }
    }).pipe(
      Effect.catch((error) => Effect.succeed({ error, started: false, healthy: false })),
      Effect.scoped
    )
  }

  private get run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let step = yield* Schedule.toStep(budget)
      while (true) {
        const ended = yield* this.session
        const { error, healthy } = ended
        if (healthy) {
          step = yield* Schedule.toStep(budget)
          yield* this.become({ restarts: 0 })
        }
        const delay = yield* step(yield* Clock.currentTimeMillis, error).pipe(
          Effect.map(([, delay]) => delay),
          Pull.catchDone(() => Effect.succeed(undefined))
        )
        if (delay === undefined) return yield* this.disable(error.message)
        yield* this.backOff(ended, delay)
      }
    })
  }

  private disable(lastError: string) {
    const { plugin, publish } = this.options
    const { restarts } = this.status
    return Effect.gen({ self: this }, function*() {
      yield* this.become({ state: "disabled", pid: undefined, startedAt: undefined, lastError })
      yield* Deferred.fail(this.next, new RestartBudgetExhausted({ plugin, restarts, lastError }))
      yield* publish({ kind: "crashed", plugin, restarts, error: lastError })
      yield* Effect.logError(`plugin ${plugin} is disabled after ${restarts} restarts; last error: ${lastError}`)
    })
  }

  /** A start that failed is the answer to all who waited for it. */
  private failWaiting(error: PluginError) {
    return Effect.suspend(() => {
      const waiting = this.next
      this.next = Deferred.makeUnsafe()
      return Deferred.fail(waiting, error)
    })
  }

  private backOff({ error, started }: Ended, delay: Duration.Duration) {
    const { plugin, publish } = this.options
    const restarts = this.status.restarts + 1
    const lastError = error.message
    return Effect.gen({ self: this }, function*() {
      yield* this.become({ state: "backing-off", pid: undefined, startedAt: undefined, restarts, lastError })
      if (!started) yield* this.failWaiting(error)
      yield* publish({
        kind: "restart",
        plugin,
        attempt: restarts,
        delay_ms: Duration.toMillis(delay),
        error: lastError
      })
      yield* Effect.sleep(delay)
    })
  }

  private get stop(): Effect.Effect<unknown> {
    const error = new ConnectionLost({ plugin: this.options.plugin, detail: "this daemon is stopping" })
    return Effect.andThen(this.become({ state: "stopped", pid: undefined }), Deferred.fail(this.next, error))
  }
}

export const supervise = (options: SuperviseOptions): PluginSupervisor => {
  const supervision = new Supervision(options)
  return { connection: supervision.connection, status: Effect.sync(() => supervision.status) }
}
