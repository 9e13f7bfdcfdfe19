/**
 * A session store that fails, stalls, fills or tears when a test says so, over any driver: for proving what stands on a store.
 * Exported with `animus/testing`.
 */
import { Context, Effect, Latch, Layer } from "effect"
import { SessionStoreFailed, StoreFull, StoreUnreachable } from "../schemas/errors/RunErrors.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import type { SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"

/**
 * - `fails`: nothing is done, and the caller hears so
 * - `stalls`: nothing is done until `heal`, and then it is
 * - `full`: as `fails`, for want of space
 * - `unsaid`: it is done, and the caller hears that it failed, as when a server dies before it answers
 * - `torn`: the first half of the lines is kept and everything fails from then on, as when the process dies in an append
 */
export type FaultKind = "fails" | "stalls" | "full" | "unsaid" | "torn"

type Method = Exclude<keyof SessionStoreDriver, "location" | "lost">

export interface Fault {
  readonly kind: FaultKind
  /** Every method when absent. */
  readonly on?: ReadonlyArray<Method>
  /** How many calls of these pass before; none when absent. */
  readonly after?: number
}

export class StoreFaults extends Context.Service<StoreFaults, {
  readonly inject: (fault: Fault) => Effect.Effect<void>
  /** What stalled goes on; what comes from now on passes. */
  readonly heal: Effect.Effect<void>
  /** Calls since the last `inject` that were hit. */
  readonly hits: Effect.Effect<number>
}>()("animus/layers/StoreFaults") {}

export const WRITES: ReadonlyArray<Method> = ["append", "putSession", "appendTranscript", "remove"]

const PLACE = "the store under test"

const unreachable = (operation: string) =>
  new SessionStoreFailed({ reason: new StoreUnreachable({ operation, path: PLACE, detail: "a fault was injected" }) })

class Injector {
  readonly #healed = Latch.makeUnsafe(true)
  #fault: Fault | undefined
  #left = 0
  hits = 0

  readonly inject = (fault: Fault) => {
    this.#fault = fault
    this.#left = fault.after ?? 0
    this.hits = 0
    return this.#healed.close
  }

  readonly heal = Effect.suspend(() => {
    this.#fault = undefined
    return this.#healed.open
  })

  #hit(method: Method): FaultKind | undefined {
    if (this.#fault === undefined || this.#fault.on?.includes(method) === false) return undefined
    if (this.#left-- > 0) return undefined
    this.hits++
    return this.#fault.kind
  }

  /** `half` is what a torn write leaves. */
  readonly around = <A, E>(
    method: Method,
    whole: Effect.Effect<A, E>,
    half: Effect.Effect<unknown, unknown> = Effect.void
  ) =>
    Effect.suspend((): Effect.Effect<A, E | SessionStoreFailed> => {
      switch (this.#hit(method)) {
        case undefined:
          return whole
        case "fails":
          return Effect.fail(unreachable(method))
        case "full":
          return Effect.fail(new SessionStoreFailed({ reason: new StoreFull({ path: PLACE }) }))
        case "stalls":
          return Effect.andThen(this.#healed.await, whole)
        case "unsaid":
          return Effect.andThen(whole, Effect.fail(unreachable(method)))
        case "torn":
          return Effect.andThen(this.#end(half), Effect.fail(unreachable(method)))
      }
    })

  #end(half: Effect.Effect<unknown, unknown>) {
    this.#fault = { kind: "fails" }
    return Effect.ignore(half)
  }
}

const halfOf = <A>(lines: ReadonlyArray<A>): ReadonlyArray<A> => lines.slice(0, lines.length >> 1)

const faulty = (driver: SessionStoreDriver, { around }: Injector): SessionStoreDriver => ({
  append: (expected, lines, row) => {
    const kept = halfOf(lines)
    const sequence = kept.at(-1)?.sequence
    const half = sequence === undefined ? Effect.void : driver.append(expected, kept, { ...row, sequence })
    return around("append", driver.append(expected, lines, row), half)
  },
  read: (run, after) => around("read", driver.read(run, after)),
  row: (run) => around("row", driver.row(run)),
  rows: (query) => around("rows", driver.rows(query)),
  unfinished: around("unfinished", driver.unfinished),
  unreadable: around("unreadable", driver.unreadable),
  putSession: (run, phase, record) => around("putSession", driver.putSession(run, phase, record)),
  session: (run, phase) => around("session", driver.session(run, phase)),
  appendTranscript: (run, phase, attempt, lines) =>
    around(
      "appendTranscript",
      driver.appendTranscript(run, phase, attempt, lines),
      driver.appendTranscript(run, phase, attempt, halfOf(lines))
    ),
  transcript: (run, phase, attempt) => around("transcript", driver.transcript(run, phase, attempt)),
  remove: (run) => around("remove", driver.remove(run)),
  location: driver.location,
  ...(driver.lost === undefined ? {} : { lost: driver.lost })
})

/** A driver with faults, and the hand that injects them. */
export const makeFaulty = (driver: SessionStoreDriver) => {
  const injector = new Injector()
  const faults = StoreFaults.of({
    inject: (fault) => injector.inject(fault),
    heal: injector.heal,
    hits: Effect.sync(() => injector.hits)
  })
  return { driver: faulty(driver, injector), faults }
}

/** The same as a layer: provide it where the store is asked for. */
export const layer = <E, R>(driver: Effect.Effect<SessionStoreDriver, E, R>) =>
  Layer.effectContext(Effect.map(driver, (sound) => {
    const { driver, faults } = makeFaulty(sound)
    return Context.make(SessionStore, SessionStore.make(driver)).pipe(Context.add(StoreFaults, faults))
  }))
