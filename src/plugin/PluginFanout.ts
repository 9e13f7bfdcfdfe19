/**
 * One process's notifications on their two ways out, which never mix. Owners get every frame they accept, in order: while
 * one of them is full, `publish` waits and so does reading; after the process ended nobody waits, and what it left stays in
 * the owner's queue until the owner takes it or leaves. Observers are bounded: the slow lose the oldest, nobody waits.
 */
import { Effect, type Scope, type Stream } from "effect"
import { ConnectionLost } from "../../schemas/errors/PluginErrors.ts"
import { NotificationObserver } from "./NotificationObserver.ts"
import { type Accepts, type Batch, NotificationOwner } from "./NotificationOwner.ts"

export type { PluginNotification } from "./NotificationOwner.ts"

export interface PluginFanout {
  /** `bytes`: about what the plugin wrote for it. */
  readonly publish: (batch: Batch, bytes: number) => Effect.Effect<void>
  /**
   * Everything accepted from now on; after what was accepted before the end, fails with the error given to `end`. An
   * `accepts` that throws fails this owner alone.
   */
  readonly own: (accepts: Accepts) => Effect.Effect<Stream.Stream<Batch, ConnectionLost>, never, Scope.Scope>
  readonly observe: Effect.Effect<Stream.Stream<Batch>, never, Scope.Scope>
  /** The process is gone: what it left is handed over without waiting for anybody, up to a bound. */
  readonly drain: Effect.Effect<void>
  /** Waits until nothing more seems to come, or it took too long. */
  readonly quiet: Effect.Effect<void>
  readonly isOwned: () => boolean
  /** Only the first counts. */
  readonly end: (error: ConnectionLost) => Effect.Effect<void>
}

/** Between two looks whether something was read. A clock that leapt while this process stood still counts as one. */
const LOOK = "50 millis"
/** Looks in a row that find nothing: it is quiet. */
const STILL = 10
const LOOKS = 100
/** In batches of one read each: more than any pipe holds. What comes after these was written by somebody who lives on. */
const TAIL = 256
const broken = (plugin: string, defect: unknown) =>
  new ConnectionLost({
    plugin,
    detail: `whoever listened to it failed: ${defect instanceof Error ? defect.message : String(defect)}`
  })

class Fanout implements PluginFanout {
  private readonly owners = new Set<NotificationOwner>()
  private ended: ConnectionLost | undefined
  private published = 0
  /** How many batches may still come, once the process is gone. */
  private tail = Infinity
  private readonly plugin: string
  private readonly observers = new Set<NotificationObserver>()
  private readonly capacity: number

  constructor(plugin: string, capacity: number) {
    this.plugin = plugin
    this.capacity = capacity
  }

  readonly publish = (batch: Batch, bytes: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.tail-- <= 0) return Effect.never
      this.published++
      for (const observer of this.observers) observer.give(batch, bytes)
      let done = Effect.void
      // An owner that is resumed here may make another one, whose first batch is the next.
      for (const owner of Array.from(this.owners)) {
        const waiting = this.give(owner, batch, bytes)
        if (waiting !== undefined) done = Effect.andThen(done, waiting)
      }
      return done
    })

  readonly own = (accepts: Accepts) =>
    Effect.map(
      Effect.acquireRelease(this.register(accepts), (owner) =>
        Effect.sync(() => {
          this.owners.delete(owner)
          owner.leave()
        })),
      (owner) => owner.batches
    )

  get observe() {
    const arrive = Effect.sync(() => {
      const observer = new NotificationObserver(this.capacity)
      if (this.ended === undefined) this.observers.add(observer)
      else observer.end()
      return observer
    })
    const leave = (observer: NotificationObserver) => Effect.sync(() => void this.observers.delete(observer))
    return Effect.map(Effect.acquireRelease(arrive, leave), (observer) => observer.batches)
  }

  readonly drain: Effect.Effect<void> = Effect.sync(() => {
    this.tail = TAIL
    for (const owner of this.owners) owner.drain()
  })

  readonly quiet: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    let seen = this.published
    let still = 0
    for (let looks = 0; looks < LOOKS && still < STILL; looks++) {
      yield* Effect.sleep(LOOK)
      still = seen === this.published ? still + 1 : 0
      seen = this.published
    }
  })

  readonly isOwned = (): boolean => this.owners.size > 0

  end(error: ConnectionLost): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.ended !== undefined) return
      this.ended = error
      for (const observer of this.observers) observer.end()
      for (const owner of this.owners) owner.end(error)
    })
  }

  /** One owner's mistake is not the plugin's: it is told, and the others go on. */
  private give(owner: NotificationOwner, batch: Batch, bytes: number): Effect.Effect<void> | undefined {
    try {
      return owner.give(batch, bytes)
    } catch (defect) {
      this.owners.delete(owner)
      owner.end(broken(this.plugin, defect))
      return Effect.logError(`a listener to plugin ${this.plugin} failed unexpectedly`, defect)
    }
  }

  private register(accepts: Accepts): Effect.Effect<NotificationOwner> {
    return Effect.sync(() => {
      const owner = new NotificationOwner(accepts)
      if (this.tail !== Infinity) owner.drain()
      if (this.ended !== undefined) owner.end(this.ended)
      else this.owners.add(owner)
      return owner
    })
  }
}

/** `capacity`: batches that an observer may be behind. */
export const makeFanout = (plugin: string, capacity: number): PluginFanout => new Fanout(plugin, capacity)
