/** The queue as its journal tells it: a pure fold over events, and the pure decisions that lead to them. */
import { Result, Schema } from "effect"
import { QueueEntry } from "../../schemas/Dispatch.ts"
import { QueueEntryBusy, QueueEntryNotFound } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import { orElse } from "../../schemas/Json.ts"
import { type SubjectDispatch, subjectKey, type SubjectRef } from "../../schemas/Subject.ts"

/**
 * `entries` lie in the order in which they are leased; `pinned` are those whose place an operator chose. While it is `paused`
 * none is leased. `events` are those of triggers whose entries have left the queue, the newest last.
 */
const Snapshot = Schema.TaggedStruct("Snapshot", {
  entries: Schema.Array(QueueEntry),
  pinned: Schema.Array(Schema.String),
  done: Schema.Int,
  dropped: Schema.Int,
  paused: orElse(Schema.Boolean, false),
  events: orElse(Schema.Array(Schema.String), [])
})

export const QueueEvent = Schema.Union([
  Snapshot,
  Schema.TaggedStruct("Enqueued", { entry: QueueEntry }),
  Schema.TaggedStruct("Held", { entry: Schema.String, reason: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Released", { entry: Schema.String }),
  Schema.TaggedStruct("Dropped", { entry: Schema.String }),
  /** `moved` stand, in this order, before the entry `before`, or last. */
  Schema.TaggedStruct("Reordered", { moved: Schema.Array(Schema.String), before: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Leased", { entry: Schema.String, run: RunId }),
  /** The run could not be started: its entry waits until the time that is named, or else, held, for somebody who mends the reason. */
  Schema.TaggedStruct("Returned", { run: RunId, reason: Schema.String, until: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Completed", { run: RunId }),
  Schema.TaggedStruct("Paused", {}),
  Schema.TaggedStruct("Resumed", {})
])
export type QueueEvent = typeof QueueEvent.Type

export type QueueState = Omit<typeof Snapshot.Type, "_tag">

export const empty: QueueState = { entries: [], pinned: [], done: 0, dropped: 0, paused: false, events: [] }

export const snapshot = (state: QueueState): QueueEvent => ({ _tag: "Snapshot", ...state })

/** Before the first entry that matters less, unless an operator put that one there. */
const insert = (entries: ReadonlyArray<QueueEntry>, pinned: ReadonlyArray<string>, entry: QueueEntry) => {
  const place = entries.findIndex((other) => other.priority < entry.priority && !pinned.includes(other.id))
  return place < 0 ? [...entries, entry] : entries.toSpliced(place, 0, entry)
}

const change = (state: QueueState, id: string, entry: (entry: QueueEntry) => QueueEntry): QueueState => ({
  ...state,
  entries: state.entries.map((other) => other.id === id ? entry(other) : other)
})

/** Far more than a plugin has sent of what was queued, and was not told so, when the daemon died. */
const REMEMBERED = 1024

const eventOf = ({ subject }: SubjectDispatch): string | undefined => {
  const { event } = subject.metadata
  return typeof event === "string" ? event : undefined
}

const without = (state: QueueState, gone: (entry: QueueEntry) => boolean): QueueState => {
  const entries = state.entries.filter((entry) => !gone(entry))
  const over = state.entries.flatMap((entry) => gone(entry) ? eventOf(entry.dispatch) ?? [] : [])
  const events = over.length === 0 ? state.events : [...state.events, ...over].slice(-REMEMBERED)
  return { ...state, entries, events, pinned: state.pinned.filter((id) => entries.some((entry) => entry.id === id)) }
}

/** What is left of an entry when it goes back to waiting, of one kind or the other. */
const waiting = (
  { deferred: _deferred, hold_reason: _reason, run: _run, ...rest }: QueueEntry,
  hold?: { readonly reason: string | undefined }
): QueueEntry => ({
  ...rest,
  state: hold === undefined ? "pending" : "held",
  ...(hold?.reason === undefined ? {} : { hold_reason: hold.reason })
})

const giveBack = (entry: QueueEntry, reason: string, until: string | undefined): QueueEntry =>
  until === undefined
    ? waiting(entry, { reason })
    : { ...waiting(entry), deferred: { until, reason, failures: (entry.deferred?.failures ?? 0) + 1 } }

export const assign = (entry: QueueEntry, run: RunId): QueueEntry => ({ ...entry, state: "assigned", run })

const reorder = (state: QueueState, moved: ReadonlyArray<string>, before: string | undefined): QueueState => {
  const rest = state.entries.filter(({ id }) => !moved.includes(id))
  const place = before === undefined ? -1 : rest.findIndex(({ id }) => id === before)
  const placed = moved.flatMap((id) => state.entries.find((entry) => entry.id === id) ?? [])
  return {
    ...state,
    entries: rest.toSpliced(place < 0 ? rest.length : place, 0, ...placed),
    pinned: [...new Set([...state.pinned, ...moved])]
  }
}

/** Total: an event about what is not there changes nothing. */
export const apply = (state: QueueState, event: QueueEvent): QueueState => {
  switch (event._tag) {
    case "Snapshot": {
      const { _tag, ...rest } = event
      return rest
    }
    case "Enqueued":
      return { ...state, entries: insert(state.entries, state.pinned, event.entry) }
    case "Held":
      return change(state, event.entry, (entry) => waiting(entry, { reason: event.reason }))
    case "Released":
      return change(state, event.entry, (entry) => waiting(entry))
    case "Dropped":
      return { ...without(state, ({ id }) => id === event.entry), dropped: state.dropped + 1 }
    case "Reordered":
      return reorder(state, event.moved, event.before)
    case "Leased":
      return change(state, event.entry, (entry) => assign(entry, event.run))
    case "Returned": {
      const entry = assignedTo(state, event.run)
      return entry === undefined
        ? state
        : change(state, entry.id, (one) => giveBack(one, event.reason, event.until))
    }
    case "Completed":
      return assignedTo(state, event.run) === undefined
        ? state
        : { ...without(state, ({ run }) => run === event.run), done: state.done + 1 }
    case "Paused":
      return { ...state, paused: true }
    case "Resumed":
      return { ...state, paused: false }
  }
}

export const assignedTo = (state: QueueState, run: RunId): QueueEntry | undefined =>
  state.entries.find((entry) => entry.run === run)

const FIRST_DEFERRAL = 15_000
const LONGEST_DEFERRAL = 15 * 60_000

/** How many milliseconds an entry waits whose start has failed so often before. */
export const deferralOf = ({ deferred }: QueueEntry): number =>
  Math.min(FIRST_DEFERRAL * 2 ** (deferred?.failures ?? 0), LONGEST_DEFERRAL)

/** Milliseconds until its time, below zero afterwards. One further ahead than any deferral was written by a clock that has been set back since. */
const leftOf = ({ deferred }: QueueEntry, now: number): number => {
  const left = deferred === undefined ? 0 : Date.parse(deferred.until) - now
  return left > LONGEST_DEFERRAL ? 0 : left
}

const pendingIn = ({ entries, paused }: QueueState) => paused ? [] : entries.filter(isPending)
const isDeferred = ({ deferred }: QueueEntry): boolean => deferred !== undefined

/**
 * What was never deferred comes first: whoever needs something that stays away must not keep the others waiting. Nor must
 * they, however many there are, keep it waiting for ever.
 */
export const nextReady = (state: QueueState, now: number): QueueEntry | undefined => {
  const pending = pendingIn(state)
  return pending.find((entry) => leftOf(entry, now) <= -LONGEST_DEFERRAL) ??
    pending.find((entry) => !isDeferred(entry)) ??
    pending.find((entry) => leftOf(entry, now) <= 0)
}

/** Milliseconds until the next deferred entry is due; undefined while nothing waits for a time. */
export const untilReady = (state: QueueState, now: number): number | undefined => {
  const times = pendingIn(state).filter(isDeferred).map((entry) => leftOf(entry, now))
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times))
}

/** Two events of one trigger are two pieces of work, though the trigger is all the subject they have. */
const sameEvent = (one: SubjectRef, other: SubjectRef): boolean =>
  one.kind !== "custom" || one.metadata["event"] === other.metadata["event"]

/** The entry that already stands for the same work, held ones included: a hold cannot be passed by asking again. */
export const duplicateOf = (state: QueueState, dispatch: SubjectDispatch): QueueEntry | undefined =>
  state.entries.find((entry) =>
    subjectKey(entry.dispatch.subject) === subjectKey(dispatch.subject) &&
    sameEvent(entry.dispatch.subject, dispatch.subject) &&
    entry.dispatch.workflow_ref.toLowerCase() === dispatch.workflow_ref.toLowerCase()
  )

/** What a trigger sent was queued, and has left the queue since: a repeat of it starts nothing. */
export const isOver = ({ events }: QueueState, dispatch: SubjectDispatch): boolean => {
  const event = eventOf(dispatch)
  return event !== undefined && events.includes(event)
}

type Refused = QueueEntryNotFound | QueueEntryBusy

export const isPending = ({ state }: QueueEntry): boolean => state === "pending"
export const isUnassigned = ({ state }: QueueEntry): boolean => state !== "assigned"
/** It is held, or waits for a time. */
export const isHeldUp = (entry: QueueEntry): boolean =>
  entry.state === "held" || (isPending(entry) && isDeferred(entry))

/** The entry, when `verb` means something where it stands. */
export const entryFor = (
  state: QueueState,
  id: string,
  verb: string,
  allows: (entry: QueueEntry) => boolean
): Result.Result<QueueEntry, Refused> => {
  const entry = state.entries.find((other) => other.id === id)
  if (entry === undefined) return Result.fail(new QueueEntryNotFound({ entry: id }))
  return allows(entry)
    ? Result.succeed(entry)
    : Result.fail(new QueueEntryBusy({ entry: id, verb, state: entry.state }))
}

export type Position = "front" | "back" | { readonly before: string } | { readonly after: string }

export const decideReorder = (
  state: QueueState,
  ids: ReadonlyArray<string>,
  position: Position
): Result.Result<QueueEvent, Refused> => {
  const moved = [...new Set(ids)]
  for (const id of moved) {
    const entry = entryFor(state, id, "reorder", isUnassigned)
    if (Result.isFailure(entry)) return Result.fail(entry.failure)
  }
  const rest = state.entries.filter(({ id }) => !moved.includes(id)).map(({ id }) => id)
  const before = (id: string | undefined): Result.Result<QueueEvent> =>
    Result.succeed({ _tag: "Reordered", moved, ...(id === undefined ? {} : { before: id }) })
  if (position === "front") return before(rest[0])
  if (position === "back") return before(undefined)
  const anchor = "before" in position ? position.before : position.after
  if (moved.includes(anchor)) {
    return Result.fail(
      new QueueEntryBusy({ entry: anchor, verb: "reorder", state: "both moved and the place to move to" })
    )
  }
  const place = rest.indexOf(anchor)
  if (place < 0) return Result.fail(new QueueEntryNotFound({ entry: anchor }))
  return before("before" in position ? anchor : rest[place + 1])
}

export interface QueueStats {
  readonly pending: number
  readonly held: number
  readonly assigned: number
  readonly done: number
  readonly dropped: number
}

export const statsOf = ({ done, dropped, entries }: QueueState): QueueStats => {
  const count = (wanted: QueueEntry["state"]) => entries.filter(({ state }) => state === wanted).length
  return { pending: count("pending"), held: count("held"), assigned: count("assigned"), done, dropped }
}
