/**
 * What one trigger plugin's events have come to: its place in its source, the events that are known already, and those whose
 * work cannot be queued yet. Bounded in each of them; what had to be let go of is counted.
 */
import { Schema } from "effect"
import { Json, orElse } from "../../schemas/Json.ts"
import { SubjectDispatch } from "../../schemas/Subject.ts"
import type { TriggerEvent } from "../../schemas/Trigger.ts"
import { weigh } from "../notify/Weight.ts"

export const PendingEvent = Schema.Struct({ trigger: Schema.String, dispatch: SubjectDispatch })
export type PendingEvent = typeof PendingEvent.Type

/** As it lies on the disk; `seen` oldest first. */
export const TriggerRecord = Schema.Struct({
  cursor: Schema.optionalKey(Json),
  /** The plugin has said its place itself, at least once. */
  own: Schema.optionalKey(Schema.Boolean),
  seen: Schema.Array(Schema.String),
  pending: Schema.Array(PendingEvent),
  dropped: orElse(Schema.Int, 0)
})
export type TriggerRecord = typeof TriggerRecord.Type

export const emptyRecord: TriggerRecord = { seen: [], pending: [], dropped: 0 }

/** Events that are remembered after they were queued: a plugin that sends one again starts nothing. */
const KNOWN = 4096
/** Events of one trigger that wait, and bytes of all that do. */
const WAITING = 1000
const WAITING_BYTES = 32 * 1024 * 1024

/** What one trigger has to say of one subject is kept in order; other subjects are not held up by it. */
export const lineOf = ({ dispatch, trigger }: PendingEvent): string => `${trigger} ${dispatch.subject.id}`

export class TriggerState {
  cursor: TriggerRecord["cursor"]
  dropped: number
  private own: boolean
  /** Since it was last kept. */
  changed = false
  private readonly seen: Set<string>
  private waiting: ReadonlyArray<PendingEvent & { readonly bytes: number }>
  private bytes: number

  constructor({ cursor, dropped, own = false, pending, seen }: TriggerRecord) {
    this.cursor = cursor
    this.own = own
    this.dropped = dropped
    this.seen = new Set(seen)
    this.waiting = pending.map((event) => ({ ...event, bytes: weigh(event.dispatch) }))
    this.bytes = this.waiting.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get record(): TriggerRecord {
    const pending = this.waiting.map(({ dispatch, trigger }) => ({ dispatch, trigger }))
    return {
      ...(this.cursor === undefined ? {} : { cursor: this.cursor }),
      ...(this.own ? { own: true } : {}),
      seen: [...this.seen],
      pending,
      dropped: this.dropped
    }
  }

  get pending(): ReadonlyArray<PendingEvent> {
    return this.waiting
  }

  kept(): void {
    this.changed = false
  }

  /** The place that the event says; its own id for a plugin that never says one. */
  moveTo({ cursor, event_id }: Pick<TriggerEvent, "cursor" | "event_id">): void {
    if (cursor === undefined && this.own) return
    this.own = cursor !== undefined
    this.cursor = cursor ?? event_id
    this.changed = true
  }

  knows(event: string): boolean {
    return this.seen.has(event)
  }

  know(event: string): void {
    this.seen.add(event)
    this.changed = true
    for (const oldest of this.seen) {
      if (this.seen.size <= KNOWN) return
      this.seen.delete(oldest)
    }
  }

  /** Whether earlier ones of the same line wait: they go first. */
  waits(event: PendingEvent): boolean {
    return this.waiting.some((other) => lineOf(other) === lineOf(event))
  }

  /** How many of the oldest had to go for it. */
  wait(event: PendingEvent): number {
    const bytes = weigh(event.dispatch)
    this.waiting = [...this.waiting, { ...event, bytes }]
    this.bytes += bytes
    this.changed = true
    let dropped = 0
    if (this.waiting.filter(({ trigger }) => trigger === event.trigger).length > WAITING) {
      dropped += this.drop(this.waiting.find(({ trigger }) => trigger === event.trigger))
    }
    while (this.bytes > WAITING_BYTES && this.waiting.length > 1) dropped += this.drop(this.waiting[0])
    this.dropped += dropped
    return dropped
  }

  settle(event: PendingEvent): void {
    this.drop(event)
  }

  private drop(event: PendingEvent | undefined): number {
    const gone = this.waiting.find((one) => one === event)
    if (gone === undefined) return 0
    this.waiting = this.waiting.filter((one) => one !== gone)
    this.bytes -= gone.bytes
    return 1
  }
}
