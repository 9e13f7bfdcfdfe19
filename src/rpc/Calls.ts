/**
 * Our requests that wait for an answer. Each settles exactly once: answered, refused, timed out, interrupted or closed.
 * One sleeping fiber watches all deadlines, so that a deadline costs a request no fiber and no timer of its own.
 */
import { type Clock, Duration, Effect, Exit } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type Call, OpenCalls } from "./OpenCalls.ts"
import { PeerClosed, PeerTimedOut, type RpcError } from "./RpcError.ts"

export class Calls {
  closed: PeerClosed | undefined
  private readonly open = new OpenCalls()
  private issued = 0
  /** When the watching fiber wakes. */
  private wakes = Infinity
  /** What the clock said when the answers of one read began to be handed out. */
  private moment: number | undefined
  private readonly clock: Clock.Clock
  private readonly watch: (deadlines: Effect.Effect<void>) => void
  private readonly abandoned: (call: Call) => void

  /** `watch` runs one effect at a time and ends the one before; `abandoned` hears of callers who left without an answer. */
  constructor(
    clock: Clock.Clock,
    watch: (deadlines: Effect.Effect<void>) => void,
    abandoned: (call: Call) => void
  ) {
    this.clock = clock
    this.watch = watch
    this.abandoned = abandoned
  }

  nextId(): number {
    return ++this.issued
  }

  /** An answer to such an id is late, not wrong. */
  wasIssued(id: unknown): boolean {
    return typeof id === "number" && Number.isInteger(id) && id > 0 && id <= this.issued
  }

  /** Starts its deadline. */
  add(call: Call): void {
    if (call.millis !== Infinity) call.deadline = (this.moment ?? this.now()) + call.millis
    this.open.add(call)
    if (call.deadline < this.wakes) {
      this.wakes = call.deadline
      this.watch(this.deadlines)
    }
  }

  /** Who is answered by `act` mostly asks again at once: reading the clock for each would cost more than the bookkeeping. */
  atOnce(act: () => void): void {
    this.moment = this.now()
    try {
      act()
    } finally {
      this.moment = undefined
    }
  }

  settle(id: number, exit: Exit.Exit<Json, RpcError>): void {
    this.open.take(id)?.resume(exit)
  }

  /** It will not be answered any more; whoever asked is told how long it would have waited. */
  lose(id: number, { reason }: PeerClosed): void {
    const call = this.open.take(id)
    call?.resume(Exit.fail(new PeerClosed({ reason, left: call.deadline - this.now() })))
  }

  interrupt(id: number): void {
    const call = this.open.take(id)
    if (call !== undefined) this.abandoned(call)
  }

  /** Dead first, then every open call fails: whoever is woken here and calls again fails at once. */
  close(error: PeerClosed): void {
    this.closed ??= error
    for (const { id } of this.open.all()) this.lose(id, this.closed)
  }

  private readonly deadlines: Effect.Effect<void> = Effect.whileLoop({
    while: () => this.wakes < Infinity,
    body: () => this.clock.sleep(Duration.millis(this.wakes - this.now())),
    step: () => this.expire()
  })

  private expire(): void {
    const now = this.now()
    for (const call of this.open.all()) {
      if (call.deadline > now || this.open.take(call.id) === undefined) continue
      this.abandoned(call)
      call.resume(Exit.fail(new PeerTimedOut({ method: call.method, millis: call.millis })))
    }
    // Only now: whoever was woken may have called again.
    this.wakes = Infinity
    for (const call of this.open.all()) this.wakes = Math.min(this.wakes, call.deadline)
  }

  private now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1_000_000
  }
}
