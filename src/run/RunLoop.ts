/**
 * Drives one run: decide, perform, append, publish, and again, until it has ended or waits for somebody. Interrupting it
 * leaves an attempt in the journal as it stands; what that means is decided by whoever takes the run up next.
 */
import { Clock, DateTime, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { SubjectStatus } from "../../schemas/Subject.ts"
import type { Phase } from "../../schemas/Workflow.ts"
import { present } from "../workflow/Present.ts"
import { wordsOf } from "./ActionEvent.ts"
import { crashPoint } from "./CrashPoint.ts"
import { type Action, decide } from "./Decide.ts"
import { blockedOf, type Ending, executeHosted, handedOverBefore } from "./HostedRun.ts"
import { ASKER_GONE, keepInteraction, withdrawAll } from "./Interactions.ts"
import { newSession } from "./phases/AgentDispatch.ts"
import { foresee, performAgent } from "./phases/AgentPhase.ts"
import { performCommand } from "./phases/CommandPhase.ts"
import { broken, type Outcome } from "./phases/Outcome.ts"
import { attemptOf, type InFlight } from "./Position.ts"
import { sleepUntil } from "./RateLimit.ts"
import { closeRecord, recordOf, recoverAttempt, resumeRefused } from "./Recovery.ts"
import { phaseOf } from "./Route.ts"
import { commit, type RunActor } from "./RunActor.ts"
import { apply, type RunState } from "./RunState.ts"
import { patiently } from "./StorePatience.ts"
import { tellSubject } from "./SubjectSync.ts"
import { reach } from "./WallClock.ts"
import { tidyWorktree } from "./Worktrees.ts"

type Next =
  | { readonly _tag: "Again" | "Stop" }
  | { readonly _tag: "Perform"; readonly state: RunState; readonly attempt: InFlight }
  | { readonly _tag: "Recover"; readonly state: RunState; readonly attempt: InFlight }
  | { readonly _tag: "Tell"; readonly state: RunState; readonly status: SubjectStatus }
  | { readonly _tag: "Sleep"; readonly until: number }
  | { readonly _tag: "Execute"; readonly state: RunState; readonly runner: string }

/** What begins once the records of the sessions before it are written; the rest goes on beside them. */
const WAITING: ReadonlySet<Next["_tag"]> = new Set<Next["_tag"]>(["Stop", "Sleep", "Recover", "Execute"])

export const runLoop = Effect.fn("RunLoop.run")(function*(actor: RunActor) {
  let told: SubjectStatus | undefined
  let reached: Ending | undefined
  while (true) {
    const next = yield* patiently(actor.lock.withPermit(step(actor, told, reached)))
    if (WAITING.has(next._tag)) yield* actor.records.done
    switch (next._tag) {
      case "Again":
        reached = undefined
        break
      case "Stop":
        return yield* actor.records.takeBack
      case "Tell":
        yield* tellSubject(next.state.dispatch, next.status, told)
        if (next.status === "done" || next.status === "ready") yield* tidyWorktree(next.state)
        told = next.status
        break
      case "Sleep":
        yield* actor.settled.open
        yield* reach(next.until)
        yield* actor.settled.close
        break
      case "Recover": {
        const event = yield* patiently(recoverAttempt(next.state, next.attempt))
        yield* patiently(actor.lock.withPermit(recovered(actor, next.attempt, event)))
        break
      }
      case "Execute":
        reached = yield* executeHosted(actor, next.state, next.runner)
        break
      case "Perform":
        yield* performed(actor, next.state, next.attempt, told)
        break
    }
  }
})

const again: Next = { _tag: "Again" }
const stop: Next = { _tag: "Stop" }

/** One decision and, where it only takes words, its event. Nothing has changed when this fails. */
const step = Effect.fnUntraced(function*(actor: RunActor, told: SubjectStatus | undefined, reached?: Ending) {
  const { state } = actor
  if (state === undefined) return stop
  const now = yield* Clock.currentTimeMillis
  const action = reached ?? decide(state, now)
  const status = statusFor(action, state)
  if (status !== undefined && status !== told) return { _tag: "Tell", state, status } satisfies Next
  switch (action._tag) {
    case "Idle":
      return stop
    case "Sleep":
      return { _tag: "Sleep", until: action.until } satisfies Next
    case "Wake":
      return { _tag: "Recover", state, attempt: action.attempt } satisfies Next
    case "AwaitGate":
      return action.until === undefined ? stop : { _tag: "Sleep", until: action.until } satisfies Next
    case "Execute":
      if (actor.handsOver) return handedOver(actor, state, action.runner)
      yield* commit(actor, blockedOf(state, handedOverBefore(action.runner)))
      return again
    case "PerformPhase":
      return taken(actor, state, action.attempt)
    case "StartPhase":
      yield* beginPhase(actor, yield* phaseStarted(state, action))
      return again
    case "Complete":
    case "Fail":
    case "Escalate":
    case "Cancel":
      yield* crashPoint("run-ending")
      if (state.position._tag === "Cancelling" && state.position.attempt !== undefined) {
        yield* actor.records.done
        yield* closeRecord(state, state.position.attempt, "failed", `cancelled: ${action.reason}`)
      }
      yield* withdrawAll(actor, "the run has ended")
      yield* commit(actor, wordsOf(action))
      return again
    default:
      yield* commit(actor, wordsOf(action))
      if (action._tag === "OpenGate") yield* crashPoint("gate-opened")
      return again
  }
})

/** A subject is told before the run's end is written: a crash in between tells it again, and never leaves it behind. */
const statusFor = (action: Action, { position }: RunState): SubjectStatus | undefined => {
  switch (action._tag) {
    case "StartPhase":
    case "Execute":
      return "in-progress"
    case "Complete":
      return "done"
    case "Fail":
    case "Escalate":
      return "blocked"
    case "Cancel":
      // An agent that would not do the work leaves it to a person; a person who took the run back gives the work back.
      return position._tag === "Cancelling" ? "ready" : "blocked"
    default:
      return undefined
  }
}

const handedOver = (actor: RunActor, state: RunState, runner: string): Next => {
  actor.handsOver = false
  actor.performing = true
  return { _tag: "Execute", state, runner }
}

const taken = (actor: RunActor, state: RunState, attempt: InFlight): Next => {
  if (actor.fresh?.phase !== attempt.phase || actor.fresh.attempt !== attempt.attempt) {
    return { _tag: "Recover", state, attempt }
  }
  actor.fresh = undefined
  actor.performing = true
  return { _tag: "Perform", state, attempt }
}

type PhaseStarted = Extract<RunEvent, { readonly _tag: "PhaseStarted" }>

/** From here on the attempt is this daemon's own. `ended`: what led to it, in the same write. */
const beginPhase = Effect.fnUntraced(function*(actor: RunActor, started: PhaseStarted, ended?: RunEvent) {
  yield* foreseen(actor, yield* after(actor, ended === undefined ? [started] : [ended, started]))
  yield* ended === undefined ? commit(actor, started) : commit(actor, ended, started)
  actor.fresh = started
  yield* crashPoint("phase-started")
})

/** The state that these events will bring. */
const after = ({ run, state }: RunActor, events: ReadonlyArray<RunEvent>) =>
  Effect.map(DateTime.now, (now) => {
    const at = DateTime.formatIso(now)
    return events.reduce(
      (before, event) => before && apply(run, before, { sequence: before.head.sequence + 1, at, event }),
      state
    )
  })

/** What the attempt to come needs is begun while its beginning is written; nothing of it is launched before that is. */
const foreseen = Effect.fnUntraced(function*(actor: RunActor, state: RunState | undefined) {
  if (state === undefined) return
  const attempt = attemptOf(state.position)
  const phase = attempt && phaseOf(state.definition, attempt.phase)
  if (attempt !== undefined && phase?.mode === "agent") yield* foresee(state, phase, attempt, actor.records)
})

const phaseStarted = Effect.fnUntraced(
  function*(state: RunState, { attempt, failureContext, phase }: Extract<Action, { readonly _tag: "StartPhase" }>) {
    const random = yield* SecureRandom.SecureRandom
    const event: PhaseStarted = {
      _tag: "PhaseStarted",
      phase,
      attempt,
      nonce: (yield* random.uuidV4()).replaceAll("-", ""),
      ...(phaseOf(state.definition, phase)?.mode === "agent" ? { session: yield* newSession } : {}),
      ...(failureContext === undefined ? {} : { failure_context: failureContext })
    }
    return event
  }
)

/** A decision to resume makes the attempt this daemon's own, so that the next step performs it. */
const recovered = Effect.fnUntraced(function*(actor: RunActor, attempt: InFlight, event: RunEvent) {
  if (!isCurrent(actor, attempt)) return
  yield* withdrawAll(actor, ASKER_GONE)
  yield* commit(actor, event)
  if (event._tag !== "RecoveryDecided") return
  if (event.action === "resume") actor.fresh = attempt
  if (event.action === "blocked" && actor.state !== undefined) {
    yield* actor.records.done
    yield* closeRecord(actor.state, attempt, "blocked", event.reason)
  }
})

const isCurrent = ({ state }: RunActor, { attempt, phase }: InFlight) => {
  const current = state && attemptOf(state.position)
  return current?.phase === phase && current.attempt === attempt
}

const performed = Effect.fnUntraced(function*(
  actor: RunActor,
  state: RunState,
  attempt: InFlight,
  told: SubjectStatus | undefined
) {
  const began = yield* Clock.currentTimeMillis
  const phase = phaseOf(state.definition, attempt.phase)
  const outcome = phase === undefined ? noSuchPhase : yield* perform(actor, state, phase, attempt)
  yield* crashPoint("phase-performed")
  const event = eventOf(state, attempt, outcome, { began, ended: yield* Clock.currentTimeMillis })
  yield* patiently(actor.lock.withPermit(concluded(actor, attempt, event, told)))
  yield* crashPoint("phase-completed")
})

const noSuchPhase = broken("the pinned workflow has no such phase")

const perform = Effect.fnUntraced(function*(actor: RunActor, state: RunState, phase: Phase, attempt: InFlight) {
  switch (phase.mode) {
    case "command":
      return yield* performCommand(state, phase, attempt)
    case "agent": {
      const record = attempt.resumed ? yield* patiently(recordOf(state, attempt)) : undefined
      return yield* performAgent(state, phase, attempt, {
        record,
        records: actor.records,
        asked: (session, question) => keepInteraction(actor, attempt, session, question)
      })
    }
    case "manual":
      return noSuchPhase
  }
})

const concluded = Effect.fnUntraced(function*(
  actor: RunActor,
  attempt: InFlight,
  event: RunEvent,
  told: SubjectStatus | undefined
) {
  if (isCurrent(actor, attempt)) {
    yield* withdrawAll(actor, "the attempt ended before anybody answered")
    const next = yield* following(actor, event, told)
    if (next === undefined) yield* commit(actor, event)
    else yield* beginPhase(actor, next, event)
  }
  actor.performing = false
})

/** The phase that begins with this event, where nothing has to be told or waited for in between: the two are one write. */
const following = Effect.fnUntraced(function*(actor: RunActor, event: RunEvent, told: SubjectStatus | undefined) {
  const state = yield* after(actor, [event])
  if (state === undefined) return undefined
  const action = decide(state, yield* Clock.currentTimeMillis)
  return action._tag === "StartPhase" && statusFor(action, state) === told
    ? yield* phaseStarted(state, action)
    : undefined
})

interface Times {
  readonly began: number
  readonly ended: number
}

const eventOf = (state: RunState, of: InFlight, outcome: Outcome, { began, ended }: Times): RunEvent => {
  const { attempt, phase } = of
  const duration_ms = Math.round(ended - began)
  const used = outcome.usage === undefined ? {} : { usage: outcome.usage }
  switch (outcome._tag) {
    case "Concluded": {
      const { checks, decision, exitCode, output } = outcome
      const more = present({ exit_code: exitCode, checks })
      return { _tag: "PhaseCompleted", phase, attempt, decision, output, duration_ms, ...more, ...used }
    }
    case "Held": {
      const instructions = `Its checks failed: does the work stand? ${outcome.reason}`
      const held = { ...outcome.held, duration_ms }
      return { _tag: "GateOpened", phase, attempt, instructions, note_required: true, held, ...used }
    }
    case "Broken":
      return { _tag: "PhaseFailed", phase, attempt, error: outcome.error, duration_ms, ...used }
    case "RateLimited": {
      const limits = state.phases.find(({ id }) => id === phase)?.limits ?? 0
      const until = sleepUntil(outcome.until, limits, ended)
      if (until === undefined) {
        return { _tag: "PhaseFailed", phase, attempt, error: outcome.reason, duration_ms, ...used }
      }
      const { begun, reason } = outcome
      return {
        _tag: "RateLimited",
        phase,
        attempt,
        reason,
        begun,
        until: DateTime.formatIso(DateTime.makeUnsafe(until)),
        ...used
      }
    }
    case "NotResumed":
      return { ...resumeRefused(state, of, outcome.detail), ...used }
  }
}
