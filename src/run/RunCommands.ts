/** What may be asked of a run from outside. Each command is checked against the state, and refused with what to do instead. */
import { Effect } from "effect"
import { RunBlocked } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunEvent, RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { AgentSessions } from "../agent/AgentSessions.ts"
import { crashPoint } from "./CrashPoint.ts"
import { ASKER_GONE, withdrawAll } from "./Interactions.ts"
import { mayPause, refuse, refuseHosted } from "./Refusal.ts"
import { commit, hasEnded, type RunActor } from "./RunActor.ts"
import { locked, type RunRegistry } from "./RunRegistry.ts"
import { type ForkChanges, forkStarted, runStarted } from "./RunStart.ts"
import { stoppedOver } from "./RunView.ts"

/** What makes the first event of a run; asked only when there is no such run yet. */
const begin = <E, R>(runs: RunRegistry, run: RunId, started: Effect.Effect<RunEvent, E, R>) => {
  const actor = runs.actorOf(run)
  const begun = Effect.fnUntraced(function*(actor: RunActor, started: RunEvent) {
    yield* commit(actor, started)
    runs.keep(actor)
    actor.handsOver = true
    yield* crashPoint("run-started")
    yield* runs.drive(actor)
  }, Effect.uninterruptible)
  const beginning = Effect.gen(function*() {
    const existing = yield* runs.load(actor).pipe(Effect.catchTag("RunNotFound", () => Effect.undefined))
    if (existing !== undefined) return existing.head
    yield* begun(actor, yield* started)
    // Kept two lines above: it cannot be missing.
    const { head } = yield* Effect.orDie(runs.load(actor))
    return head
  })
  return Effect.provideContext(actor.lock.withPermit(beginning), runs.rooms)
}

export const start = (runs: RunRegistry) => (run: RunId, dispatch: SubjectDispatch) =>
  begin(runs, run, runStarted(dispatch))

/** A new run of what another one has pinned, at any time: the other one is only read. */
export const fork = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, { of, ...changes }: Fork) {
    const source = yield* runs.get(of)
    return yield* begin(runs, run, forkStarted(source, changes))
  })

/** How long an answer waits for the end, which comes by itself from then on: longer than a subject may take to be told. */
const CANCEL_WAIT = "15 seconds"

/**
 * The word is durable first, so it holds over any crash. The live attempt has ended, at its provider too, and the subject has
 * been told, before the run is called cancelled. Where there is no room for the word, the run is left as it is.
 */
export const cancel = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, reason: string) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        if (state.head.status === "cancelled") return
        if (hasEnded(state)) return yield* refuse(state, "cancel")
        if (state.position._tag === "Cancelling") return actor.settled.isOpen() ? yield* runs.drive(actor) : undefined
        yield* commit(actor, { _tag: "CancelRequested", reason })
        yield* crashPoint("cancel-requested")
        yield* runs.halt(run)
        yield* runs.drive(actor)
      })
    )
    yield* Effect.timeoutOption(runs.settled(run), CANCEL_WAIT)
    return yield* Effect.provideContext(AgentSessions.use((agents) => agents.remaining(run)), runs.rooms)
  })

/** What is in flight goes on to its end; nothing is started after it. */
export const pause = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, reason: string) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        if (!mayPause(state)) return yield* refuse(state, "pause")
        if (state.runner !== undefined) return yield* refuseHosted(state, "paused", "animus workflow cancel")
        yield* commit(actor, { _tag: "RunPaused", reason })
      })
    )
  })

export interface Fork extends ForkChanges {
  readonly of: RunId
}

interface ResumeOptions {
  readonly force: boolean
  readonly feedback?: string
}

/** Also wakes a run that sleeps, and takes up one whose loop stopped on a store that could not be written. */
export const resume = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, { feedback, force }: ResumeOptions) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        const { phase, reason, status } = state.head
        const stopped = actor.settled.isOpen() ? stoppedOver(state) : undefined
        if ((status === "blocked" || stopped !== undefined) && !force) {
          const why = stopped ?? reason ?? "it may have partly executed"
          return yield* new RunBlocked({ run, phase: phase ?? state.definition.phases[0].id, reason: why })
        }
        if (isHeld(state.head) || status === "sleeping" || stopped !== undefined) {
          yield* commit(actor, { _tag: "RunResumed", force, ...(feedback === undefined ? {} : { feedback }) })
        } else if (status !== "running" || !actor.settled.isOpen()) {
          return yield* refuse(state, "resume")
        }
        actor.handsOver = true
        yield* runs.drive(actor)
      })
    )
  })

export const remove = (runs: RunRegistry) => (run: RunId) =>
  locked(
    runs,
    run,
    Effect.fnUntraced(function*(_, state) {
      if (!hasEnded(state)) return yield* refuse(state, "prune")
      yield* runs.remove(run)
    })
  )

const held: ReadonlySet<string> = new Set(["paused", "blocked", "escalated"])
const isHeld = ({ status }: RunHead) => held.has(status)

/** Journals that are read at the same time at a start: as many as keep a disk at work. */
const READERS = 16

const leftAlone = (run: string, { message }: { readonly message: string }) =>
  Effect.logError(`run ${run} cannot be taken up: ${message}`)

/** What a person holds stays held, and nobody answers what a dead daemon's agent asked meanwhile. */
const takenUp = Effect.fnUntraced(
  function*(runs: RunRegistry, { run }: RunHead) {
    return yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, { head }) {
        yield* isHeld(head) ? withdrawAll(actor, ASKER_GONE) : runs.drive(actor)
        return head
      })
    )
  },
  (taken, _, head) => Effect.catch(taken, (error) => Effect.as(leftAlone(head.run, error), head))
)

/** A run that cannot be read stays where it is and keeps no other from being taken up. */
export const takeUp = Effect.fnUntraced(function*(runs: RunRegistry) {
  for (const { failure, run } of yield* runs.unreadable) yield* leftAlone(run, failure)
  const taken = (head: RunHead) =>
    isHeld(head) && head.resumes_as === undefined ? Effect.succeed(head) : takenUp(runs, head)
  return yield* Effect.forEach(yield* runs.unfinished, taken, { concurrency: READERS })
})
