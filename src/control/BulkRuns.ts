/** One word to many runs: each is asked on its own, one that refuses keeps no other from it, and a dry run asks none. */
import { DateTime, Effect } from "effect"
import type { BulkItem, BulkOp, BulkResult } from "../../schemas/control/BulkRuns.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunHead, RunStatus } from "../../schemas/RunEvent.ts"
import { mayPause } from "../run/Refusal.ts"
import { RunEngine } from "../run/RunEngine.ts"
import type { RunState } from "../run/RunState.ts"
import { DispatchQueue } from "../schedule/DispatchQueue.ts"
import { Scheduler } from "../schedule/Scheduler.ts"
import { isFinished } from "../session/RunHead.ts"
import { type HeadQuery, SessionStore } from "../session/SessionStore.ts"
import { invalid, runIdOf } from "./ControlFailure.ts"

const PAGE = 500

/** Whether a run takes the word, as it stands: what a plugin executes cannot be held, nor what is on its way to its end. */
const willing: { readonly [K in BulkOp]: (state: RunState) => boolean } = {
  pause: (state) => mayPause(state) && state.runner === undefined,
  resume: ({ head: { status } }) => status === "paused" || status === "sleeping" || status === "escalated",
  cancel: ({ head: { status } }) => !isFinished(status)
}

/** What `--all` means: a run that sleeps or escalated is resumed by its name only, for somebody has to mean it. */
const everyOne: { readonly [K in BulkOp]: ReadonlyArray<RunStatus> } = {
  pause: ["running", "sleeping"],
  resume: ["paused"],
  cancel: ["running", "waiting", "sleeping", "paused", "blocked", "escalated"]
}

const resultOf = (op: string, all: boolean, dry_run: boolean, items: ReadonlyArray<BulkItem>): BulkResult => {
  const succeeded = items.filter(({ ok }) => ok).length
  return { op, all, dry_run, requested: items.length, succeeded, failed: items.length - succeeded, items }
}

/** Every run in these states, newest first. */
const makeFind = Effect.map(SessionStore, (store) =>
  Effect.fnUntraced(function*(status: ReadonlyArray<RunStatus>) {
    const found: Array<RunHead> = []
    let cursor: string | undefined
    do {
      const query: HeadQuery = { status, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }
      const { heads, nextCursor } = yield* store.heads(query)
      found.push(...heads)
      cursor = nextCursor
    } while (cursor !== undefined)
    return found
  }))

interface BulkRequest {
  readonly op: BulkOp
  readonly ids: ReadonlyArray<string>
  readonly all: boolean
  readonly dry_run: boolean
  readonly reason?: string
}

const told = (id: string, state: string | undefined, asked: Effect.Effect<unknown, { readonly message: string }>) => {
  const place = state === undefined ? {} : { state }
  return Effect.match(asked, {
    onSuccess: (): BulkItem => ({ id, ok: true, ...place }),
    onFailure: ({ message }): BulkItem => ({ id, ok: false, ...place, error: message })
  })
}

export const makeBulk = Effect.gen(function*() {
  const engine = yield* RunEngine
  const scheduler = yield* Scheduler
  const find = yield* makeFind
  const ask = (op: BulkOp, run: RunId, reason: string | undefined) => {
    switch (op) {
      case "pause":
        return engine.pause(run, reason ?? "paused by an operator")
      case "resume":
        return scheduler.follow(run, engine.resume(run, { force: false }))
      case "cancel":
        return engine.cancel(run, reason ?? "cancelled by an operator")
    }
  }
  const one = Effect.fnUntraced(function*({ dry_run, op, reason }: BulkRequest, id: string) {
    const state = yield* Effect.result(Effect.flatMap(runIdOf(id), engine.get))
    if (state._tag === "Failure") return { id, ok: false, error: state.failure.message }
    const { run, status } = state.success.head
    if (!dry_run) return yield* told(id, status, ask(op, run, reason))
    const ok = willing[op](state.success)
    return { id, ok, state: status, ...(ok ? {} : { error: `a run that is ${status} does not take this word` }) }
  })
  return Effect.fnUntraced(function*(request: BulkRequest) {
    if (request.all === request.ids.length > 0) return yield* invalid("name the runs, or say all: one of both")
    const ids = request.all ? (yield* find(everyOne[request.op])).map(({ run }) => run) : [...new Set(request.ids)]
    const items = yield* Effect.forEach(ids, (id) => one(request, id), { concurrency: 8 })
    return resultOf(request.op, request.all, request.dry_run, items)
  })
})

interface PruneRequest {
  readonly status: ReadonlyArray<"completed" | "failed" | "cancelled">
  /** Only runs that ended before this moment. */
  readonly before?: string
  /** The newest of them that are kept. */
  readonly keep: number
  readonly dry_run: boolean
}

/** Runs that have ended, with all that is kept of them. What its queue entry was is forgotten first, so that it never starts again. */
export const makePrune = Effect.gen(function*() {
  const engine = yield* RunEngine
  const queue = yield* DispatchQueue
  const find = yield* makeFind
  return Effect.fnUntraced(function*({ before, dry_run, keep, status }: PruneRequest) {
    const limit = before === undefined ? Infinity : Date.parse(before)
    if (Number.isNaN(limit)) {
      return yield* invalid(`before: "${before}" is no time such as ${DateTime.formatIso(yield* DateTime.now)}`)
    }
    const ended = yield* find(status.length === 0 ? ["completed", "failed", "cancelled"] : status)
    const old = ended.slice(keep).filter(({ finished_at }) =>
      finished_at !== undefined && Date.parse(finished_at) < limit
    )
    const items = yield* Effect.forEach(
      old,
      ({ run, status }) =>
        told(run, status, dry_run ? Effect.void : Effect.andThen(queue.complete(run), engine.remove(run)))
    )
    return resultOf("prune", true, dry_run, items)
  })
})
