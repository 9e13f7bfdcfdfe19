/**
 * Keeps one plugin running: one start at first use and at most five restarts, after 1, 2, 4, 8 and 16 seconds, whatever kind
 * it is. A minute of health gives the budget back; when it is used up the plugin stays disabled, and its callers are told
 * why. What no restart can cure disables it at once. Nothing is retried on behalf of a caller.
 */
import {
  Cause,
  Clock,
  Data,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Fiber,
  Pull,
  Schedule,
  type Scope,
  Semaphore
} from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { ConnectionLost, PluginCrashed, RestartBudgetExhausted } from "../../schemas/errors/PluginErrors.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"
import type { PluginConnection } from "./PluginConnection.ts"
import { idleStatus, type PluginEvent, type PluginStatus } from "./PluginStatus.ts"

/** A start that would fail again in the same way, until somebody mends what is around the plugin. */
export class Incurable extends Data.TaggedError("Incurable")<{ readonly error: PluginError }> {}

export interface SuperviseOptions {
  readonly plugin: string
  /** `ending` says why this daemon ends the process, should it. */
  readonly connect: (ending: () => string) => Effect.Effect<PluginConnection, PluginError | Incurable, Scope.Scope>
  readonly publish: (event: PluginEvent) => Effect.Effect<void>
  /** Closing it ends the plugin. */
  readonly scope: Scope.Scope
}

export interface PluginSupervisor {
  /** The running process; while there is none, the outcome of the next start. Starts the plugin at first use. */
  readonly connection: Effect.Effect<PluginConnection, PluginError>
  /** The running process, or undefined while there is none: for callers who need no start and no wait. */
  readonly running: () => PluginConnection | undefined
  readonly status: Effect.Effect<PluginStatus>
  /**
   * Ends the process and whatever descends from it, and gives the whole budget back, to a disabled plugin too. The next
   * caller starts it; those who wait now are told `reason`. What could not be ended comes back.
   */
  readonly restart: (reason: string) => Effect.Effect<ReadonlyArray<ProcessRow>>
}

const RESTARTS = 5
const HEALTHY = Duration.minutes(1)
const STOPPING = "this daemon is stopping"

const budget = Schedule.max([Schedule.exponential("1 second"), Schedule.recurs(RESTARTS)])

interface Ended {
  readonly error: PluginError
  /** It came as far as the handshake. */
  readonly started: boolean
  readonly healthy: boolean
  readonly curable: boolean
}

class Supervision {
  status: PluginStatus
  running: PluginConnection | undefined
  /** Who asks for the plugin waits for this: the process that runs, or the outcome of the next start. */
  private next = Deferred.makeUnsafe<PluginConnection, PluginError>()
  private readonly options: SuperviseOptions
  private readonly turns = Semaphore.makeUnsafe(1)
  private life: Fiber.Fiber<void> | undefined
  private ending = STOPPING

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
      const running = Effect.onInterrupt(Effect.interruptible(this.run), () => this.stop)
      // Whoever ends it before it ran must not leave those who wait for it without a word.
      const forked = Effect.forkIn(running, this.options.scope, { uninterruptible: true })
      return Effect.andThen(this.become({ state: "starting" }), forked).pipe(
        Effect.map((fiber) => {
          this.life = fiber
        })
      )
    })
  }

  /** Goes on to its end once it has begun: whoever asked for it may be gone, those who call the plugin are not. */
  restart(reason: string): Effect.Effect<ReadonlyArray<ProcessRow>> {
    const restarting = Effect.suspend(() => {
      if (this.life === undefined) return Effect.succeed([])
      const heirs = this.running?.heirs
      this.ending = reason
      this.running = undefined
      this.renew()
      return Effect.map(Fiber.interrupt(this.life), () => {
        this.ending = STOPPING
        this.life = undefined
        this.status = idleStatus(this.options.plugin)
        this.renew()
        return heirs?.survivors() ?? []
      })
    })
    return this.turns.withPermit(Effect.uninterruptible(restarting))
  }

  /** Who comes from here on waits for what is next, beside those who do already. */
  private renew(): void {
    if (Deferred.isDoneUnsafe(this.next)) this.next = Deferred.makeUnsafe()
  }

  private become(change: Partial<PluginStatus>) {
    return Effect.sync(() => {
      this.status = { ...this.status, ...change }
    })
  }

  /** One process from start to end. Who waited is answered by the start; who comes after the end waits for the next. */
  private get session(): Effect.Effect<Ended> {
    const { connect, plugin, publish } = this.options
    let started = false
    return Effect.gen({ self: this }, function*() {
      yield* this.become({ state: "starting", pid: undefined, startedAt: undefined })
      const connection = yield* connect(() => this.ending)
      started = true
      const startedAt = DateTime.formatIso(yield* DateTime.now)
      yield* this.become({ state: "running", pid: connection.pid, startedAt })
      this.running = connection
      yield* Deferred.succeed(this.next, connection)
      yield* publish({ kind: "started", plugin, pid: connection.pid })
      const [lived, over] = yield* Effect.timed(connection.over)
      yield* this.halt(over)
      const healthy = Duration.isGreaterThanOrEqualTo(lived, HEALTHY)
      return { error: yield* connection.lost, started, healthy, curable: true }
    }).pipe(Effect.scoped, Effect.catchCause((cause) => this.failed(cause, started)))
  }

  /** From here on callers wait for the next process. */
  private halt({ message }: PluginError) {
    return Effect.suspend(() => {
      this.running = undefined
      this.renew()
      return this.become({ state: "backing-off", pid: undefined, startedAt: undefined, lastError: message })
    })
  }

  /** A defect is a crash as well: it must cost neither the supervisor nor those who wait for an answer. */
  private failed(cause: Cause.Cause<PluginError | Incurable>, started: boolean): Effect.Effect<Ended> {
    const { plugin } = this.options
    return Effect.gen({ self: this }, function*() {
      if (Cause.hasInterruptsOnly(cause)) return yield* Effect.interrupt
      const found = cause.reasons.find(Cause.isFailReason)?.error
      if (found !== undefined) {
        const curable = found._tag !== "Incurable" && found._tag !== "ProtocolMismatch"
        return { error: found._tag === "Incurable" ? found.error : found, started, healthy: false, curable }
      }
      yield* Effect.logError(`plugin ${plugin} could not be run`, cause)
      const defect = Cause.squash(cause)
      const detail = `the daemon failed to run it: ${defect instanceof Error ? defect.message : String(defect)}`
      const error = new PluginCrashed({ plugin, detail })
      if (started) yield* this.halt(error)
      return { error, started, healthy: false, curable: true }
    })
  }

  private get run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let step = yield* Schedule.toStep(budget)
      while (true) {
        const ended = yield* this.session
        const { curable, error, healthy } = ended
        if (!curable) return yield* this.disable(error)
        if (healthy) {
          step = yield* Schedule.toStep(budget)
          yield* this.become({ restarts: 0 })
        }
        const delay = yield* step(yield* Clock.currentTimeMillis, error).pipe(
          Effect.map(([, delay]) => delay),
          Pull.catchDone(() => Effect.succeed(undefined))
        )
        if (delay === undefined) return yield* this.disable(this.exhausted(error))
        yield* this.backOff(ended, delay)
      }
    })
  }

  private exhausted({ message }: PluginError) {
    return new RestartBudgetExhausted({
      plugin: this.options.plugin,
      restarts: this.status.restarts,
      lastError: message
    })
  }

  /** `reason` is what callers are told from now on. */
  private disable(reason: PluginError) {
    const { plugin, publish } = this.options
    const { restarts } = this.status
    const lastError = reason._tag === "RestartBudgetExhausted" ? reason.lastError : reason.message
    return Effect.gen({ self: this }, function*() {
      yield* this.become({ state: "disabled", pid: undefined, startedAt: undefined, lastError })
      yield* Deferred.fail(this.next, reason)
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
    return Effect.suspend(() => {
      const error = new ConnectionLost({ plugin: this.options.plugin, detail: this.ending })
      return Effect.andThen(this.become({ state: "stopped", pid: undefined }), Deferred.fail(this.next, error))
    })
  }
}

export const supervise = (options: SuperviseOptions): PluginSupervisor => {
  const supervision = new Supervision(options)
  return {
    connection: supervision.connection,
    running: () => supervision.running,
    status: Effect.sync(() => supervision.status),
    restart: (reason) => supervision.restart(reason)
  }
}
