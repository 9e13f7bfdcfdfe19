/** A run as its journal tells it: a pure, total fold. Whoever holds the entries holds the run; nothing else is consulted. */
import type { RunId } from "../../schemas/Ids.ts"
import type { ForkedFrom, JournalEntry, RunHead } from "../../schemas/RunEvent.ts"
import type { Subject, SubjectDispatch } from "../../schemas/Subject.ts"
import type { PhaseDecision, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { advanceHead } from "../session/RunHead.ts"
import { own } from "../workflow/Own.ts"
import { attemptOf, type Interaction, type Position } from "./Position.ts"
import { routeOf } from "./Route.ts"
import { spend, type Spending } from "./Spending.ts"

/** `inherited`: carried out by the run that this one was forked from. */
export type PhaseStatus =
  | "pending"
  | "running"
  | "waiting"
  | "sleeping"
  | "success"
  | "failed"
  | "skipped"
  | "cancelled"
  | "inherited"

export interface PhaseState {
  readonly id: string
  readonly status: PhaseStatus
  /** How often the phase was entered; 0 before the first time. */
  readonly attempt: number
  readonly started_at?: string | undefined
  readonly finished_at?: string | undefined
  readonly duration_ms?: number | undefined
  readonly decision?: PhaseDecision | undefined
  readonly output?: string | undefined
  readonly error?: string | undefined
  /** How often in a row a rate limit stopped it. */
  readonly limits?: number | undefined
}

export interface Recovery {
  readonly phase: string
  readonly attempt: number
  readonly action: "resume" | "rerun" | "blocked"
  readonly reason: string
  readonly at: string
}

export interface RunState {
  readonly head: RunHead
  readonly definition: WorkflowDefinition
  readonly definitionHash: string
  readonly dispatch: SubjectDispatch
  readonly subject: Subject | undefined
  readonly vars: Readonly<Record<string, string>>
  readonly phases: ReadonlyArray<PhaseState>
  /** Reworks so far, by the phase that was entered again. */
  readonly reworks: Readonly<Record<string, number>>
  /** How often the checks of a phase sent the run back to it. */
  readonly recheckings?: Readonly<Record<string, number>> | undefined
  readonly spending?: Spending | undefined
  readonly position: Position
  /** What a person said at the last resume, until a phase has been entered with it. */
  readonly feedback: string | undefined
  readonly recoveries: ReadonlyArray<Recovery>
  /** Questions of the attempt in flight that nobody has answered, oldest first. */
  readonly interactions?: ReadonlyArray<Interaction> | undefined
  readonly forkedFrom?: ForkedFrom | undefined
  /** The plugin that executes the run as a whole. */
  readonly runner?: string | undefined
}

type Started = JournalEntry & { readonly event: { readonly _tag: "RunStarted" } }
const isStarted = (entry: JournalEntry): entry is Started => entry.event._tag === "RunStarted"

/** What a journal tells; nothing before its first event. */
export const project = (run: RunId, entries: Iterable<JournalEntry>): RunState | undefined => {
  let state: RunState | undefined
  for (const entry of entries) state = apply(run, state, entry)
  return state
}

export const apply = (run: RunId, state: RunState | undefined, entry: JournalEntry): RunState | undefined => {
  const head = advanceHead(state?.head, run, entry)
  if (state !== undefined) {
    return { ...state, head, spending: spend(state.spending, entry.event), ...changes(state, entry) }
  }
  if (!isStarted(entry)) return undefined
  const { definition, definition_hash, dispatch, forked_from, runner, subject, vars } = entry.event
  return {
    head,
    definition,
    definitionHash: definition_hash,
    dispatch,
    subject,
    vars,
    phases: definition.phases.map(({ id }) => pristine(id, forked_from)),
    reworks: {},
    position: { _tag: "Begun", phase: forked_from?.phase },
    forkedFrom: forked_from,
    runner,
    feedback: undefined,
    recoveries: []
  }
}

const pristine = (id: string, forkedFrom: ForkedFrom | undefined): PhaseState => {
  const inherited = forkedFrom?.inherited.find(({ phase }) => phase === id)
  return inherited === undefined
    ? { id, status: "pending", attempt: 0 }
    : { id, status: "inherited", attempt: 0, decision: inherited.decision, output: inherited.output }
}

const withPhase = (state: RunState, id: string, change: Partial<PhaseState>) =>
  state.phases.map((phase) => phase.id === id ? { ...phase, ...change } : phase)

/** Whoever executes a run as a whole may have phases that the definition here does not know. */
const withRow = (state: RunState, phase: string): RunState =>
  state.runner === undefined || state.phases.some(({ id }) => id === phase)
    ? state
    : { ...state, phases: [...state.phases, pristine(phase, undefined)] }

/** What one event changes; an event that does not fit what went before changes nothing but the head. */
const changes = (state: RunState, { at, event }: JournalEntry): Partial<RunState> => {
  switch (event._tag) {
    case "PhaseStarted":
      return entered(withRow(state, event.phase), at, event)
    case "PhaseCompleted":
      return completed(state, at, event)
    case "PhaseFailed":
      return failed(state, at, event)
    case "RateLimited":
      return limited(state, event)
    case "ReworkDelayed":
      return state.position._tag === "Concluded"
        ? { position: { ...state.position, until: Date.parse(event.until) } }
        : {}
    case "InteractionRequested":
      return { interactions: [...others(state, event), interactionOf(event)] }
    case "InteractionAnswered":
    case "InteractionWithdrawn":
      return { interactions: others(state, event) }
    case "PhaseSkipped":
      return {
        position: { _tag: "Skipped", phase: event.phase },
        phases: withPhase(state, event.phase, { status: "skipped", finished_at: at })
      }
    case "GateOpened": {
      const { attempt, held, instructions, note_required, phase } = event
      const gate = { phase, attempt, instructions, noteRequired: note_required, openedAt: at, held }
      return { position: { _tag: "AtGate", gate }, phases: withPhase(state, phase, { status: "waiting" }) }
    }
    case "GateDecided":
      return decided(state, at, event)
    case "RecoveryDecided":
      return recovered(state, at, event)
    case "RunResumed":
      return resumed(state, at, event)
    case "RunRetried":
      return retried(state, at, event)
    case "CancelRequested": {
      return { position: { _tag: "Cancelling", reason: event.reason, attempt: attemptOf(state.position) } }
    }
    case "RunCancelled":
      return { phases: state.phases.map((phase) => broughtDown(phase, at)) }
    default:
      return {}
  }
}

const completed = (state: RunState, at: string, event: EventOf<"PhaseCompleted">): Partial<RunState> => {
  const { attempt, decision, duration_ms, output, phase } = event
  const ended = { status: "success", finished_at: at, duration_ms, decision, output, limits: undefined } as const
  return {
    position: { _tag: "Concluded", phase, attempt, decision, output },
    phases: withPhase(state, phase, ended)
  }
}

const failed = (state: RunState, at: string, event: EventOf<"PhaseFailed">): Partial<RunState> => {
  const { attempt, duration_ms, error, phase } = event
  return {
    position: { _tag: "Broken", phase, attempt, error },
    phases: withPhase(state, phase, { status: "failed", finished_at: at, duration_ms, error, limits: undefined })
  }
}

const others = ({ interactions = [] }: RunState, { interaction }: { readonly interaction: string }) =>
  interactions.filter((one) => one.interaction !== interaction)

const interactionOf = (
  { attempt, expires_at: expiresAt, interaction, kind, phase, session, summary }: EventOf<"InteractionRequested">
): Interaction => ({ interaction, phase, attempt, session, kind, summary, expiresAt })

const decided = (state: RunState, at: string, event: EventOf<"GateDecided">): Partial<RunState> => {
  if (state.position._tag !== "AtGate") return {}
  const { approved, note, phase, to } = event
  return {
    position: { _tag: "GateAnswered", gate: state.position.gate, approved, note, to, at },
    ...(to === undefined ? {} : withFreshBudget(state, to)),
    phases: withPhase(
      state,
      phase,
      approved ? { status: "running" } : { status: "failed", finished_at: at, error: note }
    )
  }
}

/** What was going on in a run ends with it. */
const broughtDown = (phase: PhaseState, at: string): PhaseState => {
  if (phase.status !== "running" && phase.status !== "waiting" && phase.status !== "sleeping") return phase
  const began = Date.parse(phase.started_at ?? at)
  return { ...phase, status: "cancelled", finished_at: at, duration_ms: Math.max(0, Date.parse(at) - began) }
}

type EventOf<Tag> = Extract<JournalEntry["event"], { readonly _tag: Tag }>

const entered = (state: RunState, at: string, event: EventOf<"PhaseStarted">): Partial<RunState> => {
  const { attempt, failure_context: failureContext, nonce, phase, session } = event
  return {
    ...countedRework(state, phase),
    position: { _tag: "InFlight", phase, attempt, nonce, startedAt: at, session, failureContext, resumed: false },
    feedback: undefined,
    phases: withPhase(state, phase, {
      status: "running",
      attempt,
      started_at: at,
      finished_at: undefined,
      duration_ms: undefined,
      decision: undefined,
      error: undefined
    })
  }
}

const oneMore = (counts: Readonly<Record<string, number>> = {}, phase: string) => ({
  ...counts,
  [phase]: (own(counts, phase) ?? 0) + 1
})

/** The checks of a phase have a budget of their own. */
const countedRework = (state: RunState, phase: string): Partial<RunState> => {
  const route = routeOf(state)
  if (route?._tag !== "Rework" || route.phase !== phase) return {}
  return route.byChecks
    ? { recheckings: oneMore(state.recheckings, phase) }
    : { reworks: oneMore(state.reworks, phase) }
}

const limited = (state: RunState, { attempt, begun, phase, until }: EventOf<"RateLimited">): Partial<RunState> => {
  const { position } = state
  if (position._tag !== "InFlight" || position.phase !== phase || position.attempt !== attempt) return {}
  const limits = (state.phases.find(({ id }) => id === phase)?.limits ?? 0) + 1
  return {
    position: { _tag: "Sleeping", attempt: position, until: Date.parse(until), begun },
    phases: withPhase(state, phase, { status: "sleeping", limits })
  }
}

/** The attempt that died goes on (resume), is closed and entered anew (rerun), or stays as it is (blocked). */
const recovered = (state: RunState, at: string, event: EventOf<"RecoveryDecided">): Partial<RunState> => {
  const { action, attempt, phase, reason } = event
  const recoveries = [...state.recoveries, { phase, attempt, action, reason, at }]
  const was = attemptOf(state.position)
  if (was === undefined) return { recoveries }
  const common = { recoveries, phases: withPhase(state, phase, { status: "running" }) }
  switch (action) {
    case "rerun":
      return { ...common, position: { _tag: "Reenter", phase, failureContext: was.failureContext } }
    case "resume": {
      // What a person said at the resume is for the session that goes on, not for the phase after it.
      const failureContext = state.feedback ?? was.failureContext
      return { ...common, feedback: undefined, position: { ...was, failureContext, resumed: true } }
    }
    case "blocked":
      return { ...common, position: was }
  }
}

/** A person's word ends a sleep, lifts a block, and gives an escalated run a fresh budget for the phase it goes back to. */
const resumed = (state: RunState, at: string, event: EventOf<"RunResumed">): Partial<RunState> => {
  const { feedback, force } = event
  const { position } = state
  if (position._tag === "Sleeping") return { feedback, position: { ...position, until: Date.parse(at) } }
  if (position._tag === "Concluded" && position.until !== undefined) {
    return { feedback, position: { ...position, until: Date.parse(at) } }
  }
  if (state.head.status === "blocked" && position._tag === "InFlight" && force) {
    return { feedback, position: { _tag: "Reenter", phase: position.phase, failureContext: position.failureContext } }
  }
  const route = routeOf(state)
  if (route?._tag !== "Escalate" || state.head.status !== "escalated") return { feedback }
  return {
    feedback,
    position: { _tag: "Reenter", phase: route.phase, failureContext: route.reason },
    ...withFreshBudget(state, route.phase)
  }
}

/** Wherever a person sends a run, the rework budget of that phase begins anew: it bounds what happens without anybody's word. */
const withFreshBudget = ({ recheckings, reworks }: RunState, phase: string) => ({
  reworks: { ...reworks, [phase]: 0 },
  recheckings: { ...recheckings, [phase]: 0 }
})

/** Whatever else was going on (a blocked attempt, say) is given up. Without a note, the phase is told why the run had stopped. */
const retried = (state: RunState, at: string, { note, phase }: EventOf<"RunRetried">): Partial<RunState> => ({
  feedback: undefined,
  position: { _tag: "Reenter", phase, failureContext: note ?? state.head.reason },
  ...withFreshBudget(state, phase),
  phases: state.phases.map((one) => broughtDown(one, at))
})
