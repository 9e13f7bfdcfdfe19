/**
 * Our requests that wait for an answer. Each settles exactly once: answered, refused, timed out, interrupted or closed.
 * One sleeping fiber watches all deadlines, so that a deadline costs a request no fiber and no timer of its own.
 */
import { type Clock, Duration, Effect, Exit } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type PeerClosed, PeerTimedOut, type RpcError } from "./RpcError.ts"

export interface Call {
  readonly method: string
  readonly millis: number
  readonly resume: (exit: Exit.Exit<Json, RpcError>) => void
  /** The caller is gone without an answer. */
  readonly abandoned: () => void
}

interface Open extends Call {
  readonly deadline: number
}

export class Calls {
  closed: PeerClosed | undefined
  private readonly open = new Map<number, Open>()
  private issued = 0
  /** When the watching fiber wakes. */
  private wakes = Infinity
  private readonly clock: Clock.Clock
  private readonly watch: (deadlines: Effect.Effect<void>) => void

  /** `watch` runs one effect at a time and ends the one before. */
  constructor(clock: Clock.Clock, watch: (deadlines: Effect.Effect<void>) => void) {
    this.clock = clock
    this.watch = watch
  }

  nextId(): number {
    return ++this.issued
  }

  /** An answer to such an id is late, not wrong. */
  wasIssued(id: unknown): boolean {
    return typeof id === "number" && Number.isInteger(id) && id > 0 && id <= this.issued
  }

  add(id: number, call: Call): void {
    const deadline = call.millis === Infinity ? Infinity : this.now() + call.millis
    this.open.set(id, { ...call, deadline })
    if (deadline < this.wakes) {
      this.wakes = deadline
      this.watch(this.deadlines)
    }
  }

  settle(id: number, exit: Exit.Exit<Json, RpcError>): void {
    const call = this.open.get(id)
    if (call === undefined) return
    this.open.delete(id)
    call.resume(exit)
  }

  interrupt(id: number): void {
    const call = this.open.get(id)
    if (call === undefined) return
    this.open.delete(id)
    call.abandoned()
  }

  /** Dead first, then every open call fails: whoever is woken here and calls again fails at once. */
  close(error: PeerClosed): void {
    this.closed ??= error
    for (const id of this.open.keys()) this.settle(id, Exit.fail(this.closed))
  }

  private readonly deadlines: Effect.Effect<void> = Effect.whileLoop({
    while: () => this.wakes < Infinity,
    body: () => this.clock.sleep(Duration.millis(this.wakes - this.now())),
    step: () => this.expire()
  })

  private expire(): void {
    const now = this.now()
    for (const [id, call] of this.open) {
      if (call.deadline > now || !this.open.delete(id)) continue
      call.abandoned()
      call.resume(Exit.fail(new PeerTimedOut({ method: call.method, millis: call.millis })))
    }
    // Only now: whoever was woken may have called again.
    this.wakes = Infinity
    for (const call of this.open.values()) this.wakes = Math.min(this.wakes, call.deadline)
  }

  private now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1_000_000
  }
}
